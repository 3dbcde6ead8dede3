import { type Actor, type Freeze, freezeAt, type Policy } from '@belay/core/rollout';
import { type Database, transaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import type { ChangesOptions } from './api.ts';
import { readManualFreeze, writeManualFreeze } from './manual-freeze.ts';

/** Freezes: the windows of the policy and the one a person may declare. Rolling back is always possible. */
export interface FreezeService {
  load(): Promise<void>;
  /** The freeze in force at a time; the one that ends last. */
  at(now: number): Freeze | null;
  declare(freeze: Freeze, actor: Actor): Promise<void>;
  end(actor: Actor): Promise<void>;
}

interface FreezeOptions extends Pick<ChangesOptions, 'bus' | 'clock'> {
  readonly db: Database;
  readonly policy: Pick<Policy, 'freeze'>;
  readonly timezone: string;
}

export function createFreezeService({ db, bus, clock, policy, timezone }: FreezeOptions): FreezeService {
  let declared: Freeze | null = null;
  const write = async (freeze: Freeze | null, actor: Actor): Promise<void> => {
    const now = clock.now();
    const entry = await transaction(db, async (trx) => {
      await writeManualFreeze(trx, freeze, now);
      const sentence = freeze === null ? 'Changes may go out again.' : `Changes are frozen: ${freeze.name}`;
      const kind = freeze === null ? 'freeze.ended' : 'freeze.declared';
      return appendLedger(trx, {
        at: now,
        actor,
        kind,
        sentence,
        tone: 'wait',
        details: { until: freeze?.until ?? null },
      });
    });
    declared = freeze;
    bus.publish(ledgerEvent(entry));
  };
  return {
    async load() {
      declared = await readManualFreeze(db);
    },
    at(now) {
      const planned = freezeAt(policy.freeze, now, timezone);
      const byHand = declared !== null && declared.until > now ? declared : null;
      if (planned === null || byHand === null) return planned ?? byHand;
      return planned.until > byHand.until ? planned : byHand;
    },
    declare: (freeze, actor) => write(freeze, actor),
    end: (actor) => write(null, actor),
  };
}
