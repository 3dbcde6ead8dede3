import { expect, it } from 'vitest';
import { refreshKeys } from './refresh-keys.ts';

it('refreshes the change an event names, and the lists it stands in', () => {
  expect(refreshKeys({ type: 'rollout', at: 1, rolloutId: 'r1', status: 'running' })).toContainEqual(['rollout', 'r1']);
  expect(
    refreshKeys({ type: 'ledger', at: 1, entryId: 1, kind: 'flag.updated', sentence: '', rolloutId: null }),
  ).toEqual([['ledger'], ['overview']]);
  expect(refreshKeys({ type: 'flag', at: 1, flagKey: 'f', revision: 2 })).toContainEqual(['flag', 'f']);
});

it('reads nothing for a heartbeat', () => {
  expect(refreshKeys({ type: 'heartbeat', at: 1, dataAgeMs: 0 })).toEqual([]);
});
