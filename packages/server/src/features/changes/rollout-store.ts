import { BelayError } from '@belay/core';
import type { RolloutStatus } from '@belay/core/rollout';
import type { Selectable } from 'kysely';
import type { RolloutTable } from '../../platform/sqlite/changes-tables.ts';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import type { RolloutEngine, RolloutRecord } from './rollout-record.ts';

/** Statuses in which something is or may still go out. */
export const OPEN_STATUSES: readonly RolloutStatus[] = ['draft', 'scheduled', 'running', 'held'];

/** Which rollouts a list wants, newest first. */
export interface RolloutListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly status?: string | undefined;
  readonly flag?: string | undefined;
}

/** Writes a new rollout; its number is the next free one. */
export async function insertRollout(
  trx: DatabaseTransaction,
  fresh: Omit<RolloutRecord, 'number' | 'version'>,
): Promise<RolloutRecord> {
  const newest = await trx
    .selectFrom('rollouts')
    .select((select) => select.fn.max('number').as('number'))
    .executeTakeFirst();
  const record: RolloutRecord = { ...fresh, number: (newest?.number ?? 0) + 1, version: 1 };
  await trx.insertInto('rollouts').values(rowOf(record)).execute();
  return record;
}

/**
 * Writes a changed rollout. Throws `request.stale` when somebody else has written since it was read, so that no
 * transition is ever lost.
 */
export async function updateRollout(trx: DatabaseTransaction, record: RolloutRecord): Promise<RolloutRecord> {
  const written: RolloutRecord = { ...record, version: record.version + 1 };
  const { id, number: _number, created_at: _at, created_by_json: _by, ...columns } = rowOf(written);
  const result = await trx
    .updateTable('rollouts')
    .set(columns)
    .where('id', '=', id)
    .where('version', '=', record.version)
    .executeTakeFirst();
  if (result.numUpdatedRows === 1n) return written;
  throw new BelayError('request.stale', 'The rollout was changed by somebody else in the same moment.', {
    hint: 'Read it again and repeat what you wanted.',
    details: { rolloutId: id, version: record.version },
  });
}

/** Writes what a look of the control loop learnt without anything happening; the version stays. */
export async function saveProgress(trx: DatabaseTransaction, { id, state, engine }: RolloutRecord): Promise<void> {
  await trx
    .updateTable('rollouts')
    .set({
      state_json: JSON.stringify(state),
      engine_state_json: engine === null ? null : JSON.stringify(engine.state),
      read_through: engine?.readThrough ?? null,
    })
    .where('id', '=', id)
    .execute();
}

/** By id, by number (`482`, `#482`) or the newest of a flag; undefined when there is none. */
export async function findRollout(db: DatabaseConnection, reference: string): Promise<RolloutRecord | undefined> {
  const select = db.selectFrom('rollouts').selectAll().orderBy('number', 'desc').limit(1);
  const number = /^#?(\d{1,9})$/.exec(reference)?.[1];
  const row =
    (await select.where('id', '=', reference).executeTakeFirst()) ??
    (number === undefined ? undefined : await select.where('number', '=', Number(number)).executeTakeFirst()) ??
    (await select.where('flag_key', '=', reference).executeTakeFirst());
  return row === undefined ? undefined : recordOf(row);
}

/** Like {@link findRollout}; throws `rollout.not-found`. */
export async function requireRollout(db: DatabaseConnection, reference: string): Promise<RolloutRecord> {
  const record = await findRollout(db, reference);
  if (record !== undefined) return record;
  throw new BelayError('rollout.not-found', `There is no rollout "${reference.slice(0, 100)}".`, {
    hint: 'Name it by id, number or flag key; "belay rollout status" lists what is going out.',
  });
}

/** One page, newest first. */
export async function listRollouts(
  db: DatabaseConnection,
  query: RolloutListQuery,
): Promise<{ readonly items: readonly RolloutRecord[]; readonly next: string | null }> {
  let select = db
    .selectFrom('rollouts')
    .selectAll()
    .orderBy('number', 'desc')
    .limit(query.limit + 1);
  if (query.cursor !== undefined) select = select.where('number', '<', cursorOf(query.cursor));
  if (query.status !== undefined) select = select.where('status', '=', query.status);
  if (query.flag !== undefined) select = select.where('flag_key', '=', query.flag);
  const rows = await select.execute();
  const items = rows.slice(0, query.limit).map(recordOf);
  return { items, next: rows.length > query.limit ? String(items.at(-1)?.number) : null };
}

/** All rollouts in the given statuses, oldest first. */
export async function rolloutsIn(
  db: DatabaseConnection,
  statuses: readonly RolloutStatus[],
): Promise<readonly RolloutRecord[]> {
  const rows = await db
    .selectFrom('rollouts')
    .selectAll()
    .where('status', 'in', [...statuses])
    .orderBy('number')
    .execute();
  return rows.map(recordOf);
}

function cursorOf(cursor: string): number {
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [
      {
        path: 'cursor',
        message: 'is not a cursor of the list of rollouts',
        seen: cursor,
        mend: 'use "next" of a page',
      },
    ],
  });
}

function rowOf(record: RolloutRecord): Selectable<RolloutTable> {
  const { state, engine } = record;
  return {
    id: record.id,
    number: record.number,
    version: record.version,
    flag_key: state.plan.flagKey,
    component: state.plan.component,
    status: state.status,
    input_json: JSON.stringify(record.input),
    state_json: JSON.stringify(state),
    seed: record.seed,
    since_revision: engine?.sinceRevision ?? null,
    from_second: engine?.fromSecond ?? null,
    read_through: engine?.readThrough ?? null,
    engine_config_json: engine === null ? null : JSON.stringify(engine.config),
    engine_state_json: engine === null ? null : JSON.stringify(engine.state),
    created_at: record.createdAt,
    created_by_json: JSON.stringify(record.createdBy),
    ended_at: state.ending?.at ?? null,
  };
}

/** The JSON columns were written by {@link rowOf} from these very types, inside Belay's own database. */
function recordOf(row: Selectable<RolloutTable>): RolloutRecord {
  return {
    id: row.id,
    number: row.number,
    version: row.version,
    input: JSON.parse(row.input_json) as RolloutRecord['input'],
    state: JSON.parse(row.state_json) as RolloutRecord['state'],
    seed: row.seed,
    engine: engineOf(row),
    createdAt: row.created_at,
    createdBy: JSON.parse(row.created_by_json) as RolloutRecord['createdBy'],
  };
}

function engineOf(row: Selectable<RolloutTable>): RolloutEngine | null {
  if (row.engine_config_json === null || row.engine_state_json === null) return null;
  return {
    config: JSON.parse(row.engine_config_json) as RolloutEngine['config'],
    state: JSON.parse(row.engine_state_json) as RolloutEngine['state'],
    sinceRevision: row.since_revision ?? 0,
    fromSecond: row.from_second ?? 0,
    readThrough: row.read_through ?? 0,
  };
}

/** Newest second of outcomes that was ever judged; no later block may get a second at or before it. */
export async function newestJudgedSecond(db: DatabaseConnection): Promise<number> {
  const row = await db
    .selectFrom('rollouts')
    .select((select) => select.fn.max('read_through').as('second'))
    .executeTakeFirst();
  return row?.second ?? 0;
}
