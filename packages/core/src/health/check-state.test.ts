import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CheckState, failingSince, isSuspect, newCheckState, nextRunMs, observe } from './check-state.ts';
import { defaultNoiseRules as rules } from './noise-rules.ts';

const START = Date.UTC(2026, 0, 5);
const EVERY = 30_000;

function run(letters: string, { from = newCheckState, everyMs = EVERY, startAt = START } = {}): CheckState {
  let state = from;
  Array.from(letters).forEach((letter, index) => {
    const ok = letter === 'P';
    state = observe(state, { at: startAt + index * everyMs, ok, cause: ok ? null : 'timeout' });
  });
  return state;
}

test('three failures in a row are down, and keep the cause they began with', () => {
  expect(run('PPF').status).toBe('up');
  expect(run('PPFF', { everyMs: 20_000 }).status).toBe('up');
  expect(run('PPFFF')).toMatchObject({ status: 'down', cause: 'timeout' });
  const other = observe(run('PPFFF'), { at: START + 150_000, ok: false, cause: 'status-502' });
  expect(other.cause).toBe('timeout');
});

test('two failures that are a minute apart are down', () => {
  expect(run('PFF', { everyMs: 60_000 }).status).toBe('down');
});

test('it is up again after good results and a minute of them, and after more when it was restless', () => {
  expect(run('PPFFFPP').status).toBe('down');
  expect(run('PPFFFPPP').status).toBe('up');
  expect(run('PFPPPFFFPPP').status).toBe('down');
  expect(run('PFPPPFFFPPPP').status).toBe('up');
});

test('four changes with four failures are flapping until nothing changes for fifteen minutes', () => {
  expect(run('PPFPPPFPP').status).toBe('up');
  const flapping = run('PFPFPFPF');
  expect(flapping.status).toBe('flapping');
  const quiet = { startAt: START + 8 * EVERY };
  expect(run('P'.repeat(29), { from: flapping, ...quiet }).status).toBe('flapping');
  expect(run('P'.repeat(31), { from: flapping, ...quiet }).status).toBe('up');
  expect(run('F'.repeat(31), { from: flapping, ...quiet }).status).toBe('down');
});

test('slow flapping is seen by confirmed changes', () => {
  const round = 'F'.repeat(6) + 'P'.repeat(8);
  expect(run(`PP${round}`).status).toBe('up');
  expect(run(`PP${round}FFF`).status).toBe('flapping');
});

test('what came before a long gap does not count', () => {
  const before = run('PFF', { everyMs: 20_000 });
  const after = observe(before, { at: START + 7_200_000, ok: false, cause: 'timeout' });
  expect(after).toMatchObject({ status: 'up', run: 1 });
  expect(isSuspect(after)).toBe(true);
  expect(failingSince(after)).toBe(START + 7_200_000);
});

test('a result that is to be confirmed is asked for sooner', () => {
  expect(nextRunMs(run('PP'), 300_000)).toBe(300_000);
  expect(nextRunMs(run('PPF'), 300_000)).toBe(20_000);
  expect(nextRunMs(run('PPFFFP'), 300_000)).toBe(20_000);
});

const steps = fc.array(fc.record({ gapMs: fc.integer({ min: -3_600_000, max: 1_200_000 }), ok: fc.boolean() }), {
  maxLength: 200,
});

test('property: it only moves along its graph, and a restart in between changes nothing', () => {
  fc.assert(
    fc.property(steps, fc.nat(200), (sequence, restartAt) => {
      let at = START;
      let state = newCheckState;
      let restarted = newCheckState;
      sequence.forEach(({ gapMs, ok }, index) => {
        at += gapMs;
        if (index === restartAt) restarted = JSON.parse(JSON.stringify(restarted)) as CheckState;
        const result = { at, ok, cause: ok ? null : 'x' };
        const next = observe(state, result);
        restarted = observe(restarted, result);
        expect(restarted).toEqual(next);
        const isSetBack = at < state.lastAt - 60_000;
        expect(next.lastAt).toBe(isSetBack ? at : Math.max(at, state.lastAt));
        expect(next.recent.length).toBeLessThanOrEqual(rules.window);
        expect(next.changes.length).toBeLessThanOrEqual(rules.window);
        if (next.status === 'up') expect(next.cause).toBeNull();
        if (next.status === 'down') expect(next.cause).not.toBeNull();
        if (state.status !== 'pending') expect(next.status).not.toBe('pending');
        if (next.status === 'down' && state.status !== 'down') expect(next.recent.endsWith('FF')).toBe(true);
        if (next.status === 'up' && state.status === 'down') expect(next.recent.endsWith('PP')).toBe(true);
        state = next;
      });
    }),
    { seed: 4, numRuns: 300 },
  );
});

test('property: failures that stand alone never make it down', () => {
  const lone = fc.array(fc.integer({ min: 7, max: 40 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(lone, (goods) => {
      const letters = goods.map((count) => `${'P'.repeat(count)}F`).join('');
      let state = newCheckState;
      Array.from(letters).forEach((letter, index) => {
        state = observe(state, { at: START + index * EVERY, ok: letter === 'P', cause: letter === 'P' ? null : 'x' });
        expect(state.status).toBe('up');
      });
    }),
    { seed: 5, numRuns: 200 },
  );
});

test('a clock that is set back by an hour neither hides an outage nor its end', () => {
  const before = run('PPP');
  const down = run('FFFF', { from: before, startAt: before.lastAt - 3_600_000 });
  expect(down.status).toBe('down');
  const after = run('P'.repeat(8), { from: down, startAt: down.lastAt - 86_400_000 });
  expect(after.status).toBe('up');
  expect(after.since).toBeLessThan(down.since);
});
