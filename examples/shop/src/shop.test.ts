import { describe, expect, test } from 'vitest';
import type { Flags } from './checkout.ts';
import type { FaultName } from './fault.ts';
import { createShop } from './shop.ts';

function open(fault: FaultName, isNew: boolean) {
  const tracked: [string, number][] = [];
  const flags: Flags = { on: () => isNew, track: (name, value) => void tracked.push([name, value]) };
  return { app: createShop({ port: 0, databasePath: ':memory:', seed: 3, fault }, flags), tracked };
}

async function buy(app: ReturnType<typeof createShop>, card = 'visa') {
  return app.inject({ method: 'POST', url: '/checkout', headers: { 'x-user': 'ann' }, payload: { card } });
}

describe('the shop', () => {
  test('sells what is in the cart, at the same price on both paths', async () => {
    const totals = [];
    for (const isNew of [false, true]) {
      const { app, tracked } = open('none', isNew);
      const item = { method: 'POST', url: '/cart/items', headers: { 'x-user': 'ann' } } as const;
      await app.inject({ ...item, payload: { productId: 1, quantity: 2 } });
      await app.inject({ ...item, payload: { productId: 3 } });
      const answer = await buy(app);
      totals.push(answer.json().totalCents);
      expect(answer.headers['x-shop-path']).toBe(isNew ? 'new' : 'old');
      expect(tracked.map(([name]) => name)).toEqual(['order.cost', 'order.revenue']);
      expect((await app.inject({ url: '/cart', headers: { 'x-user': 'ann' } })).json()).toEqual({ items: [] });
      await app.close();
    }
    expect(totals).toEqual([31_090, 31_090]);
  });

  test('keeps every fault off the old path', async () => {
    const { app } = open('crash', false);
    expect((await buy(app)).statusCode).toBe(201);
    await app.close();
  });

  test('marks its own failures, so that a load test can tell them from others', async () => {
    const crash = open('crash', true).app;
    const broken = await buy(crash);
    expect([broken.statusCode, broken.headers['x-shop-failure']]).toEqual([500, 'checkout']);
    await crash.close();
    const healthy = open('none', true).app;
    const declined = await buy(healthy, 'broken');
    expect([declined.statusCode, declined.headers['x-shop-failure']]).toEqual([502, 'payment']);
    await healthy.close();
  });

  test('makes orders dearer by a quarter under the cost fault', async () => {
    const fees = [];
    for (const fault of ['none', 'cost'] as const) {
      const { app, tracked } = open(fault, true);
      await buy(app);
      fees.push(tracked[0]?.[1] ?? 0);
      await app.close();
    }
    expect((fees[1] ?? 0) / (fees[0] ?? 1)).toBeCloseTo(1.25, 6);
  });

  test('refuses a cart line that makes no sense, naming the field', async () => {
    const { app } = open('none', false);
    const answer = await app.inject({ method: 'POST', url: '/cart/items', payload: { productId: 'rope' } });
    expect(answer.statusCode).toBe(400);
    expect(answer.json().error).toContain('productId');
    await app.close();
  });
});
