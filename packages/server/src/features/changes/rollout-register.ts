import type { RolloutState } from '@belay/core/rollout';
import type { Database } from '../../platform/sqlite/database.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { requireRollout, rolloutsIn } from './rollout-store.ts';

/**
 * Rollouts that are going out, kept in memory between ticks, and the one lane in which any of them changes. The control
 * loop folds an engine state in place, so nobody else may hold on to a record across lanes.
 */
export interface RolloutRegister {
  /** Reads everything that was going out when the process ended. */
  load(): Promise<void>;
  /** Running and held rollouts. */
  active(): readonly RolloutRecord[];
  /** Runs `work` alone. Whatever it throws reaches the caller; the lane goes on. */
  inLane<T>(work: () => Promise<T>): Promise<T>;
  /** The record to work on inside the lane: the one in memory where it is going out, else the stored one. */
  current(reference: string): Promise<RolloutRecord>;
  /** Takes over what was written. */
  put(record: RolloutRecord): void;
  /** Forgets what is in memory after a write failed: memory may be ahead of the file. */
  reload(id: string): Promise<void>;
}

export function createRolloutRegister(db: Database): RolloutRegister {
  const records = new Map<string, RolloutRecord>();
  let tail: Promise<unknown> = Promise.resolve();
  const put = (record: RolloutRecord): void => {
    if (isGoingOut(record.state)) records.set(record.id, record);
    else records.delete(record.id);
  };
  return {
    async load() {
      records.clear();
      for (const record of await rolloutsIn(db, ['running', 'held'])) put(record);
    },
    active: () => [...records.values()],
    inLane(work) {
      const result = tail.then(work);
      // The lane itself must survive a failure; the caller gets it from `result`.
      tail = result.then(
        () => undefined,
        () => undefined,
      );
      return result;
    },
    async current(reference) {
      const kept = records.get(reference);
      if (kept !== undefined) return kept;
      const stored = await requireRollout(db, reference);
      return records.get(stored.id) ?? stored;
    },
    put,
    async reload(id) {
      records.delete(id);
      put(await requireRollout(db, id));
    },
  };
}

function isGoingOut({ status }: RolloutState): boolean {
  return status === 'running' || status === 'held';
}
