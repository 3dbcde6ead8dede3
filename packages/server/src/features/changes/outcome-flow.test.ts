import type { OutcomeBlock, SideCounts } from '@belay/core';
import { describe, expect, it } from 'vitest';
import { flowOf, noteBlocks, startFlow } from './outcome-flow.ts';

const side = (n: number): SideCounts => ({
  n,
  errors: 0,
  exposures: 0,
  distinctBad: 0,
  duration: new Map(),
  values: new Map(),
});
const block = (second: number, canary: number, control: number): OutcomeBlock => ({
  second,
  canary: side(canary),
  control: side(control),
  controlGroups: { n: [], errors: [] },
});

describe('flow of outcomes', () => {
  it('calls ten silent seconds after dense traffic a cut line', () => {
    const memory = startFlow(100);
    noteBlocks(
      memory,
      Array.from({ length: 60 }, (_, index) => block(101 + index, 2, 198)),
    );
    expect(flowOf(memory, { second: 165, share: 0.01, isHeardOf: false })).toBe('flowing');
    expect(flowOf(memory, { second: 171, share: 0.01, isHeardOf: false })).toBe('no-telemetry');
    expect(flowOf(memory, { second: 171, share: 0.01, isHeardOf: true })).toBe('no-exposures');
  });

  it('waits longer where a request comes once a minute', () => {
    const memory = startFlow(0);
    noteBlocks(memory, [block(60, 0, 1), block(120, 1, 0), block(180, 0, 1)]);
    expect(flowOf(memory, { second: 400, share: 0.1, isHeardOf: false })).toBe('flowing');
    expect(flowOf(memory, { second: 1000, share: 0.1, isHeardOf: false })).toBe('no-telemetry');
  });

  it('notices that only the old path is served', () => {
    const memory = startFlow(0);
    noteBlocks(memory, [block(1, 1, 9), ...Array.from({ length: 20 }, (_, index) => block(2 + index, 0, 10))]);
    expect(flowOf(memory, { second: 22, share: 0.1, isHeardOf: true })).toBe('no-exposures');
    expect(flowOf(memory, { second: 22, share: 0.01, isHeardOf: true })).toBe('flowing');
  });
});
