import { freezeAt, type Freeze } from '@belay/core/rollout';
import type { LiveEvent } from '@belay/protocol';
import { transaction, type DatabaseTransaction } from '../../platform/sqlite/database.ts';
import type { ChangesOptions } from './api.ts';
import { readFreeze } from './freeze-setting.ts';

/** Tells a time of day in the configured timezone. */
export type ClockTime = (at: number, precision: 'second' | 'minute') => string;

/** What every part of this feature works with. */
export interface ChangesContext extends ChangesOptions {
  readonly timezone: string;
  readonly clockTime: ClockTime;
  /** Instance keys of which the undo of a rollout is still being waited for. */
  readonly undos: Set<string>;
  /** Runs one piece of work at a time, so that the control loop and people never change a rollout at once. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** One exclusive transaction; `events` are published and streams told after the commit. */
  write<T>(work: (trx: DatabaseTransaction, after: AfterCommit) => Promise<T>): Promise<T>;
  freeze(trx: DatabaseTransaction | ChangesOptions['db'], now: number): Promise<Freeze | null>;
  /** What keeps running rollouts from going on: a freeze, or an invariant of the data that is broken. */
  gate(trx: DatabaseTransaction | ChangesOptions['db'], now: number): Promise<Freeze | null>;
}

/** What is told to others once the transaction is on disk. */
export interface AfterCommit {
  readonly events: LiveEvent[];
  /** Set when the flag state changed. */
  hasNewRevision: boolean;
}

export function createContext(options: ChangesOptions): ChangesContext {
  const timezone = options.timezone ?? new Intl.DateTimeFormat('en-GB').resolvedOptions().timeZone;
  let last: Promise<unknown> = Promise.resolve();
  const exclusive = <T>(work: () => Promise<T>): Promise<T> => {
    const mine = last.then(work, work);
    // The next one waits for this one's end, good or bad; the failure itself belongs to the caller.
    last = mine.then(
      () => undefined,
      () => undefined,
    );
    return mine;
  };
  const freeze: ChangesContext['freeze'] = async (db, now) => {
    const byHand = await readFreeze(db, now);
    const byPolicy = freezeAt(options.policy.freeze, now, timezone);
    if (byHand === null || (byPolicy !== null && byPolicy.until > byHand.until)) return byPolicy;
    return { name: byHand.reason, until: byHand.until };
  };
  return {
    ...options,
    timezone,
    clockTime: clockTimeIn(timezone),
    undos: new Set(),
    exclusive,
    write: (work) =>
      exclusive(async () => {
        const after: AfterCommit = { events: [], hasNewRevision: false };
        const result = await transaction(options.db, (trx) => work(trx, after));
        if (after.hasNewRevision) options.flags.publish();
        for (const event of after.events) options.bus.publish(event);
        return result;
      }),
    freeze,
    async gate(db, now) {
      // Broken data is said first: a freeze ends by itself.
      const broken = options.brokenInvariant?.() ?? null;
      return broken === null ? freeze(db, now) : { name: broken, until: Infinity, kind: 'broken-invariant' };
    },
  };
}

/** With the zone's name, because whoever reads the sentence may be elsewhere. */
function clockTimeIn(timeZone: string): ClockTime {
  const parts = { timeZone, timeZoneName: 'short', hourCycle: 'h23', hour: '2-digit', minute: '2-digit' } as const;
  const minute = new Intl.DateTimeFormat('en-GB', parts);
  const second = new Intl.DateTimeFormat('en-GB', { ...parts, second: '2-digit' });
  return (at, precision) => (precision === 'minute' ? minute : second).format(at);
}
