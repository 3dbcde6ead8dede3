import { expect, test } from 'vitest';
import { createReadSlots } from './read-slots.ts';

const patience = { running: 1, waiting: 10, waitMs: 60_000 };

test('groups take turns, whoever asked most', async () => {
  const slots = createReadSlots(patience);
  const order: string[] = [];
  const ask = (group: string, name: string): Promise<void> =>
    slots.run(group, async () => {
      order.push(name);
    });
  await Promise.all([
    ask('screen', 's1'),
    ask('screen', 's2'),
    ask('screen', 's3'),
    ask('signals', 'f1'),
    ask('screen', 's4'),
    ask('logs', 'l1'),
  ]);
  expect(order).toEqual(['s1', 's2', 'f1', 's3', 'l1', 's4'].toSorted((a, b) => order.indexOf(a) - order.indexOf(b)));
  expect(order.indexOf('f1')).toBeLessThan(order.indexOf('s3'));
  expect(order.indexOf('l1')).toBeLessThan(order.indexOf('s4'));
  expect(slots.counts()).toEqual({ running: 0, waiting: 0, refused: 0 });
});

test('too many in the queue are refused with a time to come back, and leave no trace', async () => {
  const slots = createReadSlots({ running: 1, waiting: 1, waitMs: 60_000 });
  const first = Promise.withResolvers<void>();
  const running = slots.run('a', () => first.promise);
  const waiting = slots.run('a', async () => 'in turn');
  await expect(slots.run('a', async () => undefined)).rejects.toMatchObject({
    code: 'telemetry.busy',
    status: 503,
    retryAfterSeconds: 2,
  });
  first.resolve();
  await running;
  expect(await waiting).toBe('in turn');
  expect(slots.counts()).toEqual({ running: 0, waiting: 0, refused: 1 });
});

test('whoever waits too long is refused, and whoever gives up leaves the queue', async () => {
  const slots = createReadSlots({ running: 1, waiting: 5, waitMs: 1 });
  const first = Promise.withResolvers<void>();
  const running = slots.run('a', () => first.promise);
  await expect(slots.run('a', async () => undefined)).rejects.toMatchObject({ code: 'telemetry.busy' });
  const gone = new AbortController();
  const waiting = slots.run('a', async () => undefined, gone.signal);
  gone.abort(new Error('gone'));
  await expect(waiting).rejects.toThrowError('gone');
  first.resolve();
  await running;
  expect(slots.counts()).toEqual({ running: 0, waiting: 0, refused: 1 });
});

test('a failure gives its slot back', async () => {
  const slots = createReadSlots(patience);
  await expect(slots.run('a', () => Promise.reject(new Error('no')))).rejects.toThrowError('no');
  expect(await slots.run('a', async () => 1)).toBe(1);
});
