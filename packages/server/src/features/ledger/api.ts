import { BelayError, invariant } from '@belay/core';
import type { ActorView, LedgerEntryView, LiveEvent, Tone } from '@belay/protocol';
import type { Selectable } from 'kysely';
import type { LedgerTable } from '../../platform/sqlite/access-tables.ts';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';

/** One line to write into the ledger. `at` is Unix milliseconds. */
export interface LedgerWrite {
  readonly at: number;
  readonly actor: ActorView;
  /** Stable name, `<thing>.<what-happened>`, e.g. `rollout.rolled-back`. */
  readonly kind: string;
  readonly sentence: string;
  readonly tone: Tone;
  readonly rolloutId?: string | null;
  readonly flagKey?: string | null;
  readonly reason?: string | null;
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface LedgerQuery {
  readonly limit: number;
  /** `next` of the page before. */
  readonly cursor?: string | undefined;
  /** A kind such as `rollout.kept`, or the thing before the dot, which stands for all of its kinds. */
  readonly kind?: string | undefined;
  readonly rolloutId?: string | undefined;
  readonly flagKey?: string | undefined;
}

/** Writes one entry inside the transaction of the change it tells of. Publish {@link ledgerEvent} after the commit. */
export async function appendLedger(trx: DatabaseTransaction, entry: LedgerWrite): Promise<LedgerEntryView> {
  const row = await trx
    .insertInto('ledger')
    .values({
      at: entry.at,
      actor_kind: entry.actor.kind,
      actor_name: entry.actor.name,
      actor_via: entry.actor.via,
      kind: entry.kind,
      sentence: entry.sentence,
      tone: entry.tone,
      rollout_id: entry.rolloutId ?? null,
      flag_key: entry.flagKey ?? null,
      reason: entry.reason ?? null,
      details: JSON.stringify(entry.details ?? {}),
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return viewOf(row);
}

/** Reads the ledger, newest first. */
export async function readLedger(
  db: DatabaseConnection,
  query: LedgerQuery,
): Promise<{ items: LedgerEntryView[]; next: string | null }> {
  let select = db
    .selectFrom('ledger')
    .selectAll()
    .orderBy('id', 'desc')
    .limit(query.limit + 1);
  if (query.cursor !== undefined) select = select.where('id', '<', idOf(query.cursor));
  if (query.kind !== undefined)
    select = select.where('kind', isThing(query.kind) ? 'like' : '=', kindPattern(query.kind));
  if (query.rolloutId !== undefined) select = select.where('rollout_id', '=', query.rolloutId);
  if (query.flagKey !== undefined) select = select.where('flag_key', '=', query.flagKey);
  const rows = await select.execute();
  const items = rows.slice(0, query.limit).map(viewOf);
  return { items, next: rows.length > query.limit ? String(items.at(-1)?.id) : null };
}

/** The live event that tells readers of a new entry. */
export function ledgerEvent(entry: LedgerEntryView): LiveEvent {
  const { id, at, kind, sentence, rolloutId } = entry;
  return { type: 'ledger', at, entryId: id, kind, sentence, rolloutId };
}

function idOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [{ path: 'cursor', message: 'is not a cursor of the ledger', seen: cursor, mend: 'use "next" of a page' }],
  });
}

function viewOf(row: Selectable<LedgerTable>): LedgerEntryView {
  return {
    id: row.id,
    at: row.at,
    actor: { kind: row.actor_kind, name: row.actor_name, via: row.actor_via },
    kind: row.kind,
    sentence: row.sentence,
    tone: row.tone,
    rolloutId: row.rollout_id,
    flagKey: row.flag_key,
    reason: row.reason,
    details: detailsOf(row.details),
  };
}

function detailsOf(text: string): Record<string, unknown> {
  const value: unknown = JSON.parse(text);
  invariant(typeof value === 'object' && value !== null && !Array.isArray(value), 'ledger.details holds a JSON object');
  return { ...value };
}

/** A bare word holds no wildcard of LIKE, so it can stand before one. */
function isThing(kind: string): boolean {
  return /^[a-z]+$/.test(kind);
}

function kindPattern(kind: string): string {
  return isThing(kind) ? `${kind}.%` : kind;
}
