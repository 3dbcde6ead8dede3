import { expect, it } from 'vitest';
import { createRefreshGate } from './refresh-gate.ts';

function harness() {
  const refreshed: string[] = [];
  const timers: (() => void)[] = [];
  const gate = createRefreshGate({
    intervalMs: 1000,
    refresh: (key) => refreshed.push(key),
    setTimer: (run) => {
      timers.push(run);
      return () => timers.splice(timers.indexOf(run), 1);
    },
  });
  return { gate, refreshed, fire: () => timers.splice(0).forEach((run) => run()), waiting: () => timers.length };
}

it('refreshes at once, then once more for everything that came meanwhile', () => {
  const { gate, refreshed, fire } = harness();
  for (let n = 0; n < 50; n++) gate.request('a');
  expect(refreshed).toEqual(['a']);
  fire();
  expect(refreshed).toEqual(['a', 'a']);
  fire();
  expect(refreshed).toEqual(['a', 'a']);
});

it('keeps keys apart and drops its timers when it closes', () => {
  const { gate, refreshed, waiting } = harness();
  gate.request('a');
  gate.request('b');
  expect(refreshed).toEqual(['a', 'b']);
  gate.close();
  expect(waiting()).toBe(0);
});
