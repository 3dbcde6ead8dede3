import { createEngineConfig } from '@belay/core/statistics';
import { expect, test } from 'vitest';
import { simulateAa } from './simulate-aa.ts';

const options = {
  config: createEngineConfig({
    guards: [
      { id: 'errors', kind: 'errors' },
      { id: 'cost', kind: 'value', value: 'cost', harmful: 'up' },
    ],
    stages: [{ share: 0.5, plannedMinutes: 1 }],
    warmUpSeconds: 0,
  }),
  stages: [{ share: 0.5, seconds: 60 }],
  traffic: { requestsPerSecond: 50, errorRate: 0.01, valueMeans: { cost: 1 } },
  runs: 30,
  seed: 4,
} as const;

test('a simulation repeats itself under the same seed, and keeps its promise', () => {
  const first = simulateAa(options);
  expect(simulateAa(options)).toEqual(first);
  expect(first.rolledBack).toBeLessThanOrEqual(2);
  expect(first.canaryRequests).toBeGreaterThan(1300);
  expect(first.canaryRequests).toBeLessThan(1700);
});

test('another seed draws other traffic', () => {
  expect(simulateAa({ ...options, seed: 5 }).canaryRequests).not.toBe(simulateAa(options).canaryRequests);
});
