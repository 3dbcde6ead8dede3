import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isBelayError } from '../error.ts';
import { actionsByStatus, allowedActions } from './allowed-actions.ts';
import { coolDownUntil } from './cool-down.ts';
import { draftOf } from './draft.ts';
import { next } from './next.ts';
import { ann, engineReading, planOf } from './rollout-samples.ts';
import type { RolloutAction, RolloutEvent, RolloutState, TickEvent, Transition } from './types.ts';

const start = (state: RolloutState, now = 1_000_000): RolloutState =>
  next(state, { type: 'start', actor: ann, frozen: null }, now).state;
const tick = (change: Partial<TickEvent> = {}): TickEvent => ({
  type: 'tick',
  reading: engineReading(),
  flow: 'flowing',
  frozen: null,
  ...change,
});

/** Ticks once a second; the reading follows the stage. */
function run(state: RolloutState, seconds: number, change: (state: RolloutState) => Partial<TickEvent>): RolloutState {
  let now = (state.lastTickAt ?? 0) + 1000;
  let current = state;
  for (let i = 0; i < seconds; i += 1, now += 1000) current = next(current, tick(change(current)), now).state;
  return current;
}
const calm = (state: RolloutState): Partial<TickEvent> => ({
  reading: engineReading({ stage: state.stage, seen: { canary: 1e6 * (state.stage + 1), control: 9e6 } }),
});

test('a start serves the first stage and nobody more', () => {
  const { state, effects } = next(draftOf(planOf()), { type: 'start', actor: ann, frozen: null }, 5000);
  expect(state).toMatchObject({ status: 'running', stage: 0, startedAt: 5000 });
  expect(effects).toContainEqual({ type: 'set-share', share: 0.01 });
});

test('the clock promotes one stage at a time, after the whole soak of watched time', () => {
  const plan = planOf({
    promote: 'clock',
    stages: [
      { to: '10%', soak: '10s', min: 1 },
      { to: '100%', soak: '0s' },
    ],
  });
  const begun = start(draftOf(plan));
  expect(run(begun, 9, calm).stage).toBe(0);
  expect(run(begun, 11, calm).status).toBe('completed');
});

test('a gap of the loop counts as two seconds at most, and late blocks promote nothing', () => {
  const begun = start(
    draftOf(planOf({ stages: [{ to: '10%', soak: '1h', min: 1 }, { to: '50%', soak: '1h' }, { to: '100%' }] })),
  );
  const late = next(begun, tick(calm(begun)), 1_000_000 + 86_400_000).state;
  expect(late.stage).toBe(0);
  expect(late.stages[0]?.guardedMs).toBe(2000);
});

test('blocks of the stage before never promote the stage that has just begun', () => {
  const plan = planOf({
    stages: [{ to: '10%', soak: '0s', min: 1 }, { to: '50%', soak: '0s', min: 1 }, { to: '100%' }],
  });
  const begun = start(draftOf(plan));
  const promoted = next(begun, tick(calm(begun)), 1_001_000).state;
  expect(promoted.stage).toBe(1);
  const stale = engineReading({ stage: 0, stageSafe: true, seen: { canary: 9e9, control: 9e9 } });
  expect(next(promoted, tick({ reading: stale }), 1_002_000).state.stage).toBe(1);
});

test('evidence promotes early, a conservative plan never does', () => {
  const safe = (state: RolloutState): Partial<TickEvent> => ({
    reading: engineReading({ stage: state.stage, stageSafe: true, seen: { canary: 60, control: 600 } }),
  });
  expect(run(start(draftOf(planOf())), 31, safe).stage).toBe(1);
  expect(run(start(draftOf(planOf({ profile: 'conservative' }))), 600, safe).stage).toBe(0);
});

test('harm rolls back from running and from held, or holds where the plan says so', () => {
  const reading = engineReading({ rollbackNow: true, decided: { second: 7, guard: 'errors', wallet: 120 } });
  const begun = start(draftOf(planOf()));
  const held = next(begun, { type: 'hold', actor: ann, reason: null }, 1_001_000).state;
  for (const state of [begun, held]) {
    const { state: ended, effects } = next(state, tick({ reading }), 1_002_000);
    expect(ended).toMatchObject({
      status: 'rolled-back',
      failures: 1,
      ending: { code: 'harm', guard: 'errors', second: 7 },
    });
    expect(effects).toContainEqual({ type: 'remove-overlay', serve: 'control' });
    expect(effects).toContainEqual({
      type: 'decision',
      decision: { kind: 'rollback', stage: 0, because: 'errors', second: 7 },
    });
  }
  const careful = start(draftOf(planOf({ on_harm: 'hold' })));
  expect(next(careful, tick({ reading }), 1_001_000).state).toMatchObject({ status: 'held', held: { code: 'harm' } });
});

test('silence holds after its grace, tells why, and only the harmless cause ends by itself', () => {
  const plan = planOf({ no_data: { grace: '5s', then: 'hold' } });
  const blind = run(start(draftOf(plan)), 7, () => ({ flow: 'no-telemetry' }));
  expect(blind).toMatchObject({ status: 'held', held: { code: 'no-telemetry' } });
  expect(run(blind, 5, calm).status).toBe('held');
  const empty = run(start(draftOf(plan)), 7, () => ({ flow: 'no-exposures' }));
  expect(empty).toMatchObject({ status: 'held', held: { code: 'no-exposures' } });
  expect(run(empty, 1, calm).status).toBe('running');
});

test('silence is told once, not once a second', () => {
  const plan = planOf({ no_data: { grace: '5s', then: 'hold' } });
  let state = start(draftOf(plan));
  const told: string[] = [];
  for (let i = 1; i < 60; i += 1) {
    const step: Transition = next(state, tick({ flow: 'no-exposures' }), 1_000_000 + i * 1000);
    state = step.state;
    for (const effect of step.effects) if (effect.type === 'ledger') told.push(effect.kind);
  }
  expect(told).toEqual(['rollout.held']);
});

test('a plan may ask for a rollback when nothing is seen', () => {
  const plan = planOf({ no_data: { grace: '5s', then: 'rollback' } });
  expect(run(start(draftOf(plan)), 7, () => ({ flow: 'unreadable' }))).toMatchObject({
    status: 'rolled-back',
    ending: { code: 'no-data' },
  });
});

test('an uneven split holds and never promotes by itself again, even once a person accepts it', () => {
  const split = (state: RolloutState): Partial<TickEvent> => ({
    reading: engineReading({ srmBroken: true, srmE: 5000, stage: state.stage, seen: { canary: 1e9, control: 1e9 } }),
  });
  const held = run(start(draftOf(planOf())), 1, split);
  expect(held.held?.code).toBe('split');
  expect(() => next(held, { type: 'resume', actor: ann, reason: null }, 2_000_000)).toThrow(/reason/);
  const accepted = next(held, { type: 'resume', actor: ann, reason: 'a load test' }, 2_000_000).state;
  expect(run(accepted, 7200, split)).toMatchObject({ status: 'running', stage: 0 });
});

test('a guard without measurements is never a pass', () => {
  const plan = planOf({
    stages: [{ to: '10%', soak: '1s', min: 1 }, { to: '100%' }],
    no_data: { grace: '3s', then: 'hold' },
  });
  const empty = (state: RolloutState): Partial<TickEvent> => ({
    reading: engineReading({
      stage: state.stage,
      guards: [{ ...engineReading().guards[0]!, verdict: 'no-data' }],
      seen: { canary: 1e6, control: 1e6 },
    }),
  });
  const held = run(start(draftOf(plan)), 10, empty);
  expect(held).toMatchObject({ status: 'held', stage: 0, held: { code: 'no-measurements', guards: ['errors'] } });
});

test('a stage that needs an approval waits for one', () => {
  const plan = planOf({
    stages: [{ to: '10%', soak: '1s', min: 1 }, { to: '50%', soak: '1s', min: 1, approve: true }, { to: '100%' }],
  });
  const held = run(start(draftOf(plan)), 5, calm);
  expect(held).toMatchObject({ status: 'held', stage: 0, held: { code: 'approval' } });
  expect(allowedActions(held)).toEqual(['approve', 'rollback', 'kill']);
  const approved = next(held, { type: 'approve', actor: ann, reason: null }, 2_000_000).state;
  expect(run(approved, 1, calm)).toMatchObject({ stage: 1, status: 'running' });
});

test('going on by hand asks for a reason and is refused in a freeze', () => {
  const begun = start(draftOf(planOf()));
  const promote = { type: 'promote', actor: ann, frozen: null } as const;
  expect(() => next(begun, { ...promote, reason: null }, 1)).toThrow(/reason/);
  const frozen = { name: 'audit', until: 9 };
  expect(() => next(begun, { ...promote, reason: 'x', frozen }, 1)).toThrow(/frozen/);
  const broken = { name: '"no debts" of bot is broken', until: Infinity, kind: 'broken-invariant' } as const;
  expect(() => next(begun, { ...promote, reason: 'x', frozen: broken }, 1)).toThrow(/no debts.*nothing may go on/);
  expect(next(begun, { ...promote, reason: 'x' }, 1_001_000).state.stage).toBe(1);
});

test('the cool-down grows with every failed attempt, and a rollback by hand needs none', () => {
  const reading = engineReading({ rollbackNow: true });
  const first = next(start(draftOf(planOf())), tick({ reading }), 1_001_000).state;
  expect(coolDownUntil(first)).toBe(1_001_000 + 3_600_000);
  expect(allowedActions(first)).toEqual(['acknowledge']);
  const named = next(first, { type: 'acknowledge', actor: ann, reason: 'a missing index' }, 1_002_000).state;
  const again = next(start(named, 9_000_000), tick({ reading }), 9_001_000).state;
  expect(again).toMatchObject({ attempt: 2, failures: 2 });
  expect(coolDownUntil(again)).toBe(9_001_000 + 4 * 3_600_000);
  const byHand = next(start(draftOf(planOf())), { type: 'rollback', actor: ann, reason: null }, 1_001_000).state;
  expect(coolDownUntil(byHand)).toBeNull();
  expect(allowedActions(byHand)).toEqual(['start']);
});

const EDGES: Readonly<Record<string, readonly string[]>> = {
  draft: ['draft', 'scheduled', 'running', 'completed', 'cancelled'],
  scheduled: ['scheduled', 'running', 'completed', 'cancelled'],
  running: ['running', 'held', 'completed', 'rolled-back'],
  held: ['held', 'running', 'rolled-back'],
  completed: ['completed'],
  'rolled-back': ['rolled-back', 'running', 'scheduled'],
  cancelled: ['cancelled'],
};
const ACTIONS: readonly RolloutAction[] = [
  'start',
  'hold',
  'resume',
  'approve',
  'promote',
  'rollback',
  'cancel',
  'kill',
  'acknowledge',
];

const FLOWS = ['no-exposures', 'no-telemetry', 'unreadable'] as const;

/** True once in `n` times. */
const rarely = (n: number): fc.Arbitrary<boolean> => fc.integer({ min: 1, max: n }).map((value) => value === 1);

const anyReading = fc.record({
  srmBroken: rarely(60),
  stageSafe: fc.boolean(),
  wallet: rarely(12).map((isHigh) => (isHigh ? 50 : 2)),
  isLate: rarely(4),
  canary: fc.integer({ min: 0, max: 5000 }),
});
const anyEvent: fc.Arbitrary<(state: RolloutState) => RolloutEvent> = fc.oneof(
  { weight: 1, arbitrary: fc.constantFrom(...ACTIONS).map((type) => () => byHand(type)) },
  {
    weight: 24,
    arbitrary: fc
      .record({
        reading: anyReading,
        flow: fc.integer({ min: 0, max: 29 }).map((at) => FLOWS[at] ?? 'flowing'),
        isFrozen: rarely(6),
        isHarmful: rarely(120),
      })
      .map(
        ({ reading, flow, isFrozen, isHarmful }) =>
          (state: RolloutState) =>
            tick({
              flow,
              frozen: isFrozen ? { name: 'f', until: 1e15 } : null,
              reading: engineReading({
                ...reading,
                stage: state.stage - (reading.isLate ? 1 : 0),
                rollbackNow: isHarmful,
                seen: { canary: reading.canary, control: 9000 },
              }),
            }),
      ),
  },
);
function byHand(type: RolloutAction): RolloutEvent {
  const reason = 'because';
  if (type === 'start' || type === 'promote') return { type, actor: ann, reason, frozen: null };
  if (type === 'hold' || type === 'resume' || type === 'approve') return { type, actor: ann, reason };
  if (type === 'rollback' || type === 'kill') return { type, actor: ann, reason };
  return { type, actor: ann, reason };
}

test('the machine never leaves its graph, refuses what the table refuses, and never promotes blind, held or frozen', () => {
  const plan = planOf({
    no_data: { grace: '3s', then: 'hold' },
    stages: [
      { to: '1%', soak: '3s', min: 10 },
      { to: '10%', soak: '3s', min: 10, approve: true },
      { to: '100%', soak: '2s' },
    ],
  });
  let promotions = 0;
  let refusals = 0;
  fc.assert(
    fc.property(fc.array(fc.tuple(anyEvent, fc.integer({ min: 1, max: 5000 })), { maxLength: 120 }), (events) => {
      let state = start(draftOf(plan));
      let now = 1_000_000;
      for (const [make, wait] of events) {
        now += wait;
        const event = make(state);
        const step = attempt(state, event, now);
        if (step === null) {
          refusals += 1;
          continue;
        }
        expect(EDGES[state.status]).toContain(step.state.status);
        const isNewAttempt = step.state.attempt > state.attempt;
        const gain = isNewAttempt ? 0 : step.state.stage - state.stage;
        expect(gain).toBeGreaterThanOrEqual(0);
        expect(gain).toBeLessThanOrEqual(1);
        if (gain === 1 && event.type === 'tick') {
          promotions += 1;
          expect(state.status).toBe('running');
          expect(event.flow).toBe('flowing');
          expect(event.frozen).toBeNull();
          expect(event.reading?.stage).toBe(state.stage);
          expect(event.reading?.wallet).toBeLessThan(plan.warnAt);
        }
        for (const effect of step.effects) {
          if (effect.type !== 'set-share') continue;
          expect(effect.share).toBe(plan.stages[step.state.stage]?.share);
        }
        state = step.state;
      }
    }),
    { seed: 20261124, numRuns: 4000 },
  );
  // The property must have seen what it forbids being tried.
  expect(promotions).toBeGreaterThan(20);
  expect(refusals).toBeGreaterThan(20);
});

/** The transition, or null where it was refused as the table says. */
function attempt(state: RolloutState, event: RolloutEvent, now: number): Transition | null {
  try {
    return next(state, event, now);
  } catch (error) {
    if (!isBelayError(error)) throw error;
    expect(error.code).toMatch(/^rollout\.(not-allowed|approval-needed)$/);
    if (error.code === 'rollout.not-allowed' && event.type !== 'promote') {
      expect(
        actionsByStatus[state.status].includes(event.type as RolloutAction) &&
          allowedActions(state).includes(event.type as RolloutAction),
      ).toBe(false);
      expect(error.details).toMatchObject({ status: state.status, allowed: allowedActions(state) });
    }
    return null;
  }
}
