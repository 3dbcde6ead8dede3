import { expect, test } from 'vitest';
import { demoFaults, endedWell } from './demo-fault.ts';
import { outcomeOf } from './demo-result.ts';

test('every status of a rollout has an outcome, and only the ended ones a verdict', () => {
  expect(outcomeOf('completed')).toBe('kept');
  expect(outcomeOf('rolled-back')).toBe('rolled-back');
  expect(outcomeOf('held')).toBe('held');
  for (const status of ['draft', 'scheduled', 'running', 'cancelled'] as const) {
    expect(outcomeOf(status)).toBe('undecided');
  }
});

test('no fault may end undecided, and a blind rollout may never be kept', () => {
  for (const fault of Object.keys(demoFaults)) {
    expect(endedWell(fault as keyof typeof demoFaults, 'undecided')).toBe(false);
  }
  expect(endedWell('blind', 'kept')).toBe(false);
  expect(endedWell('noisy-user', 'rolled-back')).toBe(false);
  expect(endedWell('crash', 'rolled-back')).toBe(true);
});
