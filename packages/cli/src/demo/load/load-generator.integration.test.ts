import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createLoadGenerator } from './load-generator.ts';
import { createShopClient } from './shop-client.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function listen(handler: http.RequestListener): Promise<string> {
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function loadOn(target: string) {
  const client = createShopClient();
  closers.push(() => client.close());
  const pending: Promise<unknown>[] = [];
  const load = createLoadGenerator({
    settings: { targets: [target], ratePerSecond: 100, seed: 2, users: 1000 },
    startMs: 0,
    clock: { now: () => 500 },
    send: (to, request) => {
      const answer = client.send(to, request);
      pending.push(answer);
      return answer;
    },
  });
  return { load, settle: () => Promise.all(pending) };
}

describe('the load generator over real connections', () => {
  test('sends everything that is due at once, however slow the answers are', async () => {
    const waiting: http.ServerResponse[] = [];
    const { load, settle } = loadOn(await listen((_, response) => void waiting.push(response)));
    const next = load.advance(1000);
    expect(next).toBeGreaterThan(1000);
    const { sent } = load.totals();
    expect(sent).toBeGreaterThan(70);
    expect(load.waiting).toBe(sent);
    while (waiting.length < sent) await new Promise((resolve) => setImmediate(resolve));
    for (const response of waiting) response.end();
    await settle();
    expect(load.waiting).toBe(0);
  });

  test('tells the failures of the shop from all others, and the paths from each other', async () => {
    let turn = 0;
    const target = await listen((request, response) => {
      request.resume();
      turn += 1;
      if (turn % 4 === 1) response.writeHead(201, { 'x-shop-path': 'new' }).end();
      else if (turn % 4 === 2) response.writeHead(502, { 'x-shop-path': 'old', 'x-shop-failure': 'payment' }).end();
      else if (turn % 4 === 3) response.writeHead(500).end();
      else request.socket.destroy();
    });
    const { load, settle } = loadOn(target);
    load.advance(400);
    await settle();
    const totals = load.totals();
    expect(totals.answered).toBe(totals.sent);
    expect(totals.newPath).toBeGreaterThan(0);
    expect(totals.newPathFailed).toBe(0);
    expect(totals.oldPathFailed).toBe(totals.failedByShop);
    expect(totals.failedOtherwise).toBeGreaterThan(totals.failedByShop);
    expect(totals.otherwise.join()).toMatch(/500|hang up|ECONNRESET/);
    expect(load.exposuresAfter(499)).toEqual({ exposures: totals.newPath, lastSentAt: 500 });
    expect(load.exposuresAfter(500).exposures).toBe(0);
  });
});
