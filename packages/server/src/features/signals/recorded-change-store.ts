import { randomBytes } from 'node:crypto';
import { BelayError } from '@belay/core';
import type { ActorView, ChangeEffect, RecordedChange } from '@belay/protocol';
import type { Selectable } from 'kysely';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import type { RecordedChangeTable } from '../../platform/sqlite/signals-tables.ts';
import { numberOf } from './alarm-store.ts';

/** A change that was announced or seen, as it is stored. */
export interface StoredChange {
  readonly id: string;
  readonly kind: RecordedChange['kind'];
  readonly service: string | null;
  readonly title: string;
  readonly version: string | null;
  readonly at: number;
  readonly detected: boolean;
  readonly actor: ActorView;
  /** Minutes after the change that the verdict rests on. */
  readonly minutes: number;
  readonly verdict: ChangeEffect['state'];
  readonly effects: readonly ChangeEffect[];
}

export type ChangeWrite = Pick<StoredChange, 'kind' | 'service' | 'title' | 'version' | 'at' | 'detected' | 'actor'>;

export async function insertChange(trx: DatabaseTransaction, change: ChangeWrite): Promise<StoredChange> {
  const row = await trx
    .insertInto('recorded_changes')
    .values({
      id: `rec_${randomBytes(8).toString('hex')}`,
      kind: change.kind,
      service: change.service,
      title: change.title,
      version: change.version,
      at: change.at,
      detected: change.detected ? 1 : 0,
      actor_json: JSON.stringify(change.actor),
      minutes: 0,
      verdict: 'watching',
      effects_json: '[]',
    })
    .returningAll()
    .executeTakeFirstOrThrow();
  return changeOf(row);
}

export async function saveVerdict(
  trx: DatabaseTransaction,
  { id, minutes, verdict, effects }: Pick<StoredChange, 'id' | 'minutes' | 'verdict' | 'effects'>,
): Promise<void> {
  await trx
    .updateTable('recorded_changes')
    .set({ minutes, verdict, effects_json: JSON.stringify(effects) })
    .where('id', '=', id)
    .execute();
}

/** Changes that still get a verdict. */
export async function watchedChanges(
  db: DatabaseConnection,
  sinceMs: number,
  minutes: number,
): Promise<StoredChange[]> {
  const rows = await db
    .selectFrom('recorded_changes')
    .selectAll()
    .where('at', '>=', sinceMs)
    .where('minutes', '<', minutes)
    .orderBy('number')
    .limit(200)
    .execute();
  return rows.map(changeOf);
}

/** The newest changes whose verdict fell without a single signal. */
export async function unseenChanges(db: DatabaseConnection, sinceMs: number, minutes: number): Promise<StoredChange[]> {
  const rows = await db
    .selectFrom('recorded_changes')
    .selectAll()
    .where('at', '>=', sinceMs)
    .where('minutes', '>=', minutes)
    .where('effects_json', '=', '[]')
    .orderBy('number', 'desc')
    .limit(50)
    .execute();
  return rows.map(changeOf);
}

export async function listRecorded(
  db: DatabaseConnection,
  query: { readonly limit: number; readonly cursor?: string | undefined; readonly service?: string | undefined },
): Promise<{ items: StoredChange[]; next: string | null }> {
  let select = db
    .selectFrom('recorded_changes')
    .selectAll()
    .orderBy('number', 'desc')
    .limit(query.limit + 1);
  if (query.cursor !== undefined) select = select.where('number', '<', numberOf(query.cursor));
  if (query.service !== undefined) select = select.where('service', '=', query.service);
  const rows = await select.execute();
  const items = rows.slice(0, query.limit);
  return { items: items.map(changeOf), next: rows.length > query.limit ? String(items.at(-1)?.number) : null };
}

/** Changes of a service, and those of all services, in a stretch of time. */
export async function recordedIn(
  db: DatabaseConnection,
  query: { readonly fromMs: number; readonly toMs: number; readonly service?: string | undefined },
): Promise<StoredChange[]> {
  const { service } = query;
  let select = db
    .selectFrom('recorded_changes')
    .selectAll()
    .where('at', '>=', query.fromMs)
    .where('at', '<', query.toMs)
    .orderBy('at')
    .limit(500);
  if (service !== undefined) {
    select = select.where((where) => where.or([where('service', 'is', null), where('service', '=', service)]));
  }
  return (await select.execute()).map(changeOf);
}

export async function requireRecorded(db: DatabaseConnection, id: string): Promise<StoredChange> {
  const row = await db.selectFrom('recorded_changes').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return changeOf(row);
  throw new BelayError('change.not-found', `No change with the id "${id}" was recorded.`, {
    hint: 'GET /api/v1/changes/recorded lists them.',
  });
}

function changeOf(row: Selectable<RecordedChangeTable>): StoredChange {
  return {
    id: row.id,
    kind: row.kind,
    service: row.service,
    title: row.title,
    version: row.version,
    at: row.at,
    detected: row.detected === 1,
    // Decoders: written by the functions above from the same types.
    actor: JSON.parse(row.actor_json) as ActorView,
    minutes: row.minutes,
    verdict: row.verdict as StoredChange['verdict'],
    effects: JSON.parse(row.effects_json) as ChangeEffect[],
  };
}
