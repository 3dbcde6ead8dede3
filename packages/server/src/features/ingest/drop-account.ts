import type { StorageDrop } from '@belay/protocol';
import type { EngineLog } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { repeat } from '../../platform/scheduler/scheduler.ts';
import type { Database } from '../../platform/sqlite/database.ts';

/** Why something was not stored as it was sent, and what ends it. The words are stable. */
export const dropCauses = {
  overloaded: 'Send less, give Belay more memory or processor, or wait: senders try again by themselves.',
  'disk-full': 'Free disk space where Belay keeps its data.',
  'engine-down': 'Look at the log of the telemetry engine; senders try again by themselves.',
  'too-large': 'Send smaller batches, e.g. OTEL_BSP_MAX_EXPORT_BATCH_SIZE=512.',
  undecodable: 'The sender does not send what it announces: look at its exporter and any proxy between.',
  invalid: 'The sender makes items that OpenTelemetry does not allow, e.g. spans without ids.',
  'rate-limited': 'Raise server.requests_per_minute or send larger batches.',
  cut: 'Values beyond the limits are stored in part: shorten them where they are made.',
  cardinality: 'Take the label with endless values out where the metric is made.',
  'too-old': 'Send points sooner, or raise telemetry.sample_max_age.',
  'future-time': 'Set the clock of the sender.',
  redacted: 'Nothing is lost but secrets: texts were stored without them. Rules: telemetry.redaction.',
  'clock-skew': 'Set the clock of the sender; it is more than a minute off. Times are stored as they were sent.',
  unsupported: 'Belay does not store items of this kind.',
} as const;

export type DropCause = keyof typeof dropCauses;

export interface DroppedRows {
  readonly cause: DropCause;
  readonly signal: StorageDrop['signal'];
  /** Service or token that sent them; empty when unknown. */
  readonly sender: string;
  /** Rows; requests where nobody can tell their rows. */
  readonly count: number;
}

/** Counts what was sent and not stored. It survives a restart; of a crash it may forget the last seconds. */
export interface DropAccount {
  add(drop: DroppedRows): void;
  /** Everything ever dropped, the most frequent first. */
  list(): readonly StorageDrop[];
  /** Sums of all senders and signals; every cause is there, from 0. */
  byCause(): ReadonlyMap<DropCause, number>;
  close(): Promise<void>;
}

export interface DropAccountOptions {
  readonly db: Database;
  readonly clock: { now(): number };
  readonly log: EngineLog;
}

const SAVE_MS = 5_000;
/** Senders can name themselves as they like; beyond this many the rest is counted together. */
const MOST_ENTRIES = 2_000;

interface Entry {
  readonly drop: Omit<DroppedRows, 'count'>;
  count: number;
  readonly firstAt: number;
  lastAt: number;
  isSaved: boolean;
}

/** Opens the account with what was counted before. */
export async function createDropAccount({ db, clock, log }: DropAccountOptions): Promise<DropAccount> {
  const entries = new Map<string, Entry>();
  for (const row of await db.selectFrom('ingest_drops').selectAll().execute()) {
    const { cause, signal, sender } = row;
    if (!(cause in dropCauses)) continue;
    // Written by this account, so the words are of its types.
    const drop = { cause: cause as DropCause, signal: signal as StorageDrop['signal'], sender };
    entries.set(keyOf(drop), { drop, count: row.count, firstAt: row.first_at, lastAt: row.last_at, isSaved: true });
  }
  const save = async (): Promise<void> => {
    const changed = [...entries.values()].filter(({ isSaved }) => !isSaved);
    for (const entry of changed) {
      entry.isSaved = true;
      const facts = { count: entry.count, last_at: entry.lastAt };
      await db
        .insertInto('ingest_drops')
        .values({ ...entry.drop, first_at: entry.firstAt, ...facts })
        .onConflict((conflict) => conflict.columns(['cause', 'signal', 'sender']).doUpdateSet(facts))
        .execute();
    }
  };
  const saving = repeat({
    everyMs: SAVE_MS,
    run: save,
    onError: (err) => log.warn({ err }, 'counts of dropped telemetry could not be saved'),
  });
  return {
    add({ count, ...drop }) {
      if (count <= 0) return;
      const known = entries.get(keyOf(drop));
      const entry = known ?? entryFor(entries, drop, clock.now());
      entry.count += count;
      entry.lastAt = clock.now();
      entry.isSaved = false;
    },
    list: () => [...entries.values()].map(viewOf).toSorted((a, b) => b.count - a.count),
    byCause() {
      // The keys are those of the object, which its type calls plain text.
      const sums = new Map((Object.keys(dropCauses) as DropCause[]).map((cause) => [cause, 0]));
      for (const { drop, count } of entries.values()) sums.set(drop.cause, (sums.get(drop.cause) ?? 0) + count);
      return sums;
    },
    async close() {
      await saving.close();
      await save();
    },
  };
}

function entryFor(entries: Map<string, Entry>, drop: Entry['drop'], now: number): Entry {
  const counted = entries.size < MOST_ENTRIES ? drop : { ...drop, sender: '' };
  const entry = entries.get(keyOf(counted)) ?? { drop: counted, count: 0, firstAt: now, lastAt: now, isSaved: false };
  entries.set(keyOf(counted), entry);
  return entry;
}

function viewOf({ drop, count, firstAt, lastAt }: Entry): StorageDrop {
  return { ...drop, count, firstAt, lastAt, mend: dropCauses[drop.cause] };
}

function keyOf({ cause, signal, sender }: Entry['drop']): string {
  return JSON.stringify([cause, signal, sender]);
}
