import type { AppliedReport } from '@belay/protocol';
import { type Database, transaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import type { ChangesOptions } from './api.ts';
import type { Undo } from './rollout-record.ts';
import type { RolloutRegister } from './rollout-register.ts';
import { type AttemptKey, readOpenUndos, writeUndo } from './rollout-trail.ts';

/** Measures the way back: from the decision until every connected instance has confirmed the old path. */
export interface UndoWatch {
  /** Goes on measuring what was not confirmed when the process ended. */
  load(): Promise<void>;
  /** Begins to wait for the instances of a rollback that was just written. */
  begin(key: AttemptKey, undo: Undo): void;
  /** An instance reports the revision it serves. */
  note(report: AppliedReport): Promise<void>;
  /** Stops waiting for instances that have gone; called once a second. */
  sweep(): Promise<void>;
}

type UndoOptions = Pick<ChangesOptions, 'bus' | 'clock' | 'flags'> & {
  readonly db: Database;
  readonly register: RolloutRegister;
};

export function createUndoWatch(options: UndoOptions): UndoWatch {
  const { db, clock, flags } = options;
  const open = new Map<string, { readonly key: AttemptKey; undo: Undo }>();
  const settle = async (entry: { readonly key: AttemptKey; undo: Undo }): Promise<void> => {
    const isDone = entry.undo.expected.every((name) => entry.undo.confirmed[name] !== undefined);
    if (isDone) {
      entry.undo = { ...entry.undo, completedAt: lastOf(entry.undo) };
      open.delete(entry.key.rolloutId);
    }
    await store(options, entry.key, entry.undo);
  };
  return {
    async load() {
      for (const entry of await readOpenUndos(db)) open.set(entry.key.rolloutId, entry);
    },
    begin(key, undo) {
      open.set(key.rolloutId, { key, undo });
    },
    async note({ service, instance, revision }) {
      const name = `${service}/${instance}`;
      for (const entry of open.values()) {
        const { expected, confirmed } = entry.undo;
        if (revision < entry.undo.revision || !expected.includes(name) || confirmed[name] !== undefined) continue;
        entry.undo = { ...entry.undo, confirmed: { ...confirmed, [name]: clock.now() } };
        await settle(entry);
      }
    },
    async sweep() {
      if (open.size === 0) return;
      const connected = new Set(
        flags
          .instances()
          .flatMap(({ connected: isThere, service, instance }) => (isThere ? [`${service}/${instance}`] : [])),
      );
      for (const entry of open.values()) {
        const left = entry.undo.expected.filter(
          (name) => connected.has(name) || entry.undo.confirmed[name] !== undefined,
        );
        if (left.length === entry.undo.expected.length && left.length > 0) continue;
        entry.undo = { ...entry.undo, expected: left };
        await settle(entry);
      }
    },
  };
}

function lastOf({ confirmed, decidedAt }: Undo): number {
  return Math.max(decidedAt, ...Object.values(confirmed));
}

async function store({ db, bus, clock, register }: UndoOptions, key: AttemptKey, undo: Undo): Promise<void> {
  const confirmed = Object.keys(undo.confirmed).length;
  const entry = await transaction(db, async (trx) => {
    await writeUndo(trx, key, undo);
    if (undo.completedAt === null || confirmed === 0) return null;
    const seconds = ((undo.completedAt - undo.decidedAt) / 1000).toFixed(1);
    return appendLedger(trx, {
      at: clock.now(),
      actor: { kind: 'machine', name: 'Belay', via: 'guard' },
      kind: 'rollout.undone',
      tone: 'ok',
      sentence: `${confirmed} of ${undo.expected.length} instances confirmed the old path, ${seconds} s after the decision.`,
      rolloutId: key.rolloutId,
      details: { undoMs: undo.completedAt - undo.decidedAt, revision: undo.revision, instances: undo.expected },
    });
  });
  if (entry !== null) bus.publish(ledgerEvent(entry));
  const record = await register.current(key.rolloutId);
  bus.publish({ type: 'rollout', at: clock.now(), rolloutId: key.rolloutId, status: record.state.status });
}
