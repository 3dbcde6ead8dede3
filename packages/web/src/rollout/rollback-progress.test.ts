import type { RolloutView } from '@belay/protocol';
import { expect, it } from 'vitest';
import { readRollback } from './rollback-progress.ts';

const PRESSED = 5_000_000;
const measured = {
  ms: null,
  instancesConfirmed: 0,
  instances: 3,
  measuredAt: null,
  leaseMs: 30_000,
  sentence: '',
} as const;
type Part = Pick<RolloutView, 'status' | 'endedAt' | 'allowed' | 'undo'>;
const running: Part = {
  status: 'running',
  endedAt: null,
  allowed: ['rollback'],
  undo: { ...measured, ms: 900, measuredAt: PRESSED - 60_000 },
};
const going: Part = {
  status: 'rolled-back',
  endedAt: PRESSED + 100,
  allowed: ['acknowledge'],
  undo: { ...measured, instancesConfirmed: 2 },
};
const done: Part = { ...going, undo: { ...measured, instancesConfirmed: 3, ms: 1800, measuredAt: PRESSED + 1900 } };

it('says nothing before it is pressed', () => {
  expect(readRollback(running, null, PRESSED)).toEqual({ kind: 'none' });
});

it('counts instances until every one has confirmed', () => {
  expect(readRollback(running, PRESSED, PRESSED)).toEqual({ kind: 'going', text: 'Rolling back…' });
  expect(readRollback(going, PRESSED, PRESSED)).toEqual({ kind: 'going', text: 'Rolling back… 2 of 3 instances' });
});

it('does not take an undo measured before the rollback for this one', () => {
  const stale: Part = { ...going, undo: { ...measured, ms: 900, measuredAt: PRESSED - 60_000 } };
  expect(readRollback(stale, PRESSED, PRESSED).kind).toBe('going');
});

it('says how long it took, and offers to take a slip back for a minute', () => {
  expect(readRollback(done, PRESSED, PRESSED + 2000)).toEqual({
    kind: 'done',
    text: 'Done in 1.8 s',
    canTakeBack: true,
  });
  expect(readRollback(done, PRESSED, PRESSED + 60_000)).toMatchObject({ canTakeBack: false });
  expect(readRollback({ ...done, allowed: [] }, PRESSED, PRESSED + 2000)).toMatchObject({ canTakeBack: false });
});
