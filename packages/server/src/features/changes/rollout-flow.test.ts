import type { OutcomeBlock, SideCounts } from '@belay/core';
import { draftOf, planRollout } from '@belay/core/rollout';
import { describe, expect, it } from 'vitest';
import { policy } from './changes-testbed.ts';
import { flowOf, rememberBlocks, startFlow } from './rollout-flow.ts';
import type { RolloutRecord } from './rollout-record.ts';

const T0 = 1_000_000_000_000;
const planned = planRollout(
  { flag: 'a' },
  { key: 'a', variants: ['off', 'on'], defaultVariant: 'off', state: 'ENABLED', p95Ms: null },
  policy,
);
const side = (n: number): SideCounts => ({
  n,
  errors: 0,
  exposures: 0,
  distinctBad: 0,
  duration: new Map(),
  values: new Map(),
});
const block = (at: number, canary: number, control: number): OutcomeBlock => ({
  second: at / 1000,
  canary: side(canary),
  control: side(control),
  controlGroups: { n: [], errors: [] },
});

const stage = { index: 0, startedAt: T0, fromSecond: T0 / 1000, endedAt: null, guardedMs: 0, unitsBefore: 0, units: 0 };

function record(): RolloutRecord {
  if (planned.plan === undefined) throw new Error('the plan of this test is valid');
  const state = { ...draftOf(planned.plan), status: 'running' as const, stage: 0, startedAt: T0, stages: [stage] };
  return {
    id: 'r',
    number: 1,
    version: 1,
    input: { flag: 'a' },
    state,
    seed: 's',
    engine: null,
    createdAt: T0,
    createdBy: { kind: 'person', name: 'Ann', via: 'api' },
  };
}

describe('flow', () => {
  it('is a cut line when instances no longer tell anything', () => {
    const memory = startFlow(T0);
    rememberBlocks(memory, [block(T0 + 1000, 1, 99)]);
    expect(flowOf(record(), memory, T0 + 5000)).toBe('flowing');
    expect(flowOf(record(), memory, T0 + 9000)).toBe('no-telemetry');
  });

  it('is a quiet hour when instances tell that nothing happened', () => {
    const memory = startFlow(T0);
    rememberBlocks(memory, [block(T0 + 1000, 1, 99), block(T0 + 8000, 0, 0)]);
    expect(flowOf(record(), memory, T0 + 9000)).toBe('no-exposures');
  });

  it('lacks exposures when only the old path is served', () => {
    const memory = startFlow(T0);
    const blocks = Array.from({ length: 10 }, (_, index) => block(T0 + index * 1000, index === 0 ? 1 : 0, 1000));
    rememberBlocks(memory, blocks);
    expect(flowOf(record(), memory, T0 + 10_000)).toBe('no-exposures');
  });
});
