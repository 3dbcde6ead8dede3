import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { repeat } from './scheduler.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('rounds never overlap, a failed one is told and does not end the rest, and closing waits for the last', async () => {
  const errors: unknown[] = [];
  const gates: PromiseWithResolvers<void>[] = [];
  const repetition = repeat({
    everyMs: 100,
    onError: (error) => errors.push(error),
    run: () => {
      const gate = Promise.withResolvers<void>();
      gates.push(gate);
      return gate.promise;
    },
  });
  await vi.advanceTimersByTimeAsync(1000);
  expect(gates).toHaveLength(1);
  gates[0]?.reject(new TypeError('broken'));
  await vi.advanceTimersByTimeAsync(100);
  expect(gates).toHaveLength(2);
  expect(errors).toHaveLength(1);
  let closed = false;
  const closing = repetition.close().then(() => (closed = true));
  await vi.advanceTimersByTimeAsync(1000);
  expect(closed).toBe(false);
  gates[1]?.resolve();
  await closing;
  await vi.advanceTimersByTimeAsync(1000);
  expect(gates).toHaveLength(2);
});
