import { randomBytes } from 'node:crypto';
import { BelayError } from '@belay/core';
import type { SignalAlarm } from '@belay/protocol';
import type { Selectable } from 'kysely';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import type { SignalAlarmTable } from '../../platform/sqlite/signals-tables.ts';

export type AlarmWrite = Omit<SignalAlarm, 'id' | 'tone' | 'endedAt' | 'ending'> & { readonly pointsKey: string };

export interface AlarmQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly signal?: string | undefined;
  readonly service?: string | undefined;
  readonly state?: 'open' | 'ended' | undefined;
}

export async function insertAlarm(trx: DatabaseTransaction, alarm: AlarmWrite): Promise<void> {
  await trx
    .insertInto('signal_alarms')
    .values({
      id: `alm_${randomBytes(8).toString('hex')}`,
      signal_id: alarm.signalId,
      points_key: alarm.pointsKey,
      title: alarm.signalTitle,
      service: alarm.service,
      direction: alarm.direction,
      sense: alarm.sense,
      found: alarm.found,
      started_at: alarm.startedAt,
      raised_at: alarm.raisedAt,
      ended_at: null,
      ending: null,
      deviation: alarm.deviation,
      sentence: alarm.sentence,
      suspects_json: JSON.stringify(alarm.suspects),
      announced: 0,
    })
    .execute();
}

/** Ends what is open of a signal; those of which the ledger has told. */
export async function endAlarms(
  trx: DatabaseTransaction,
  signalId: string,
  { at, ending }: { readonly at: number; readonly ending: NonNullable<SignalAlarm['ending']> },
): Promise<SignalAlarm[]> {
  const rows = await trx
    .updateTable('signal_alarms')
    .set({ ended_at: at, ending })
    .where('signal_id', '=', signalId)
    .where('ended_at', 'is', null)
    .returningAll()
    .execute();
  return rows.filter(({ announced }) => announced === 1).map(alarmOf);
}

/** Alarms that nobody was told of; they count as told from now on. */
export async function takeUnannounced(trx: DatabaseTransaction, signalId: string): Promise<SignalAlarm[]> {
  const rows = await trx
    .updateTable('signal_alarms')
    .set({ announced: 1 })
    .where('signal_id', '=', signalId)
    .where('announced', '=', 0)
    .returningAll()
    .execute();
  return rows.map(alarmOf);
}

export async function listAlarms(
  db: DatabaseConnection,
  query: AlarmQuery,
): Promise<{ items: SignalAlarm[]; next: string | null }> {
  let select = db
    .selectFrom('signal_alarms')
    .selectAll()
    .orderBy('number', 'desc')
    .limit(query.limit + 1);
  if (query.cursor !== undefined) select = select.where('number', '<', numberOf(query.cursor));
  if (query.signal !== undefined) select = select.where('signal_id', '=', query.signal);
  if (query.service !== undefined) select = select.where('service', '=', query.service);
  if (query.state !== undefined) select = select.where('ended_at', query.state === 'open' ? 'is' : 'is not', null);
  const rows = await select.execute();
  const items = rows.slice(0, query.limit);
  return { items: items.map(alarmOf), next: rows.length > query.limit ? String(items.at(-1)?.number) : null };
}

export async function openAlarms(db: DatabaseConnection): Promise<ReadonlyMap<string, SignalAlarm>> {
  const rows = await db.selectFrom('signal_alarms').selectAll().where('ended_at', 'is', null).execute();
  return new Map(rows.map((row) => [row.signal_id, alarmOf(row)]));
}

/** Alarms of a signal that lie in a stretch of time, oldest first. */
export async function alarmsIn(
  db: DatabaseConnection,
  signalId: string,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<SignalAlarm[]> {
  const rows = await db
    .selectFrom('signal_alarms')
    .selectAll()
    .where('signal_id', '=', signalId)
    .where('started_at', '<', toMs)
    .where((where) => where.or([where('ended_at', 'is', null), where('ended_at', '>=', fromMs)]))
    .orderBy('number')
    .limit(200)
    .execute();
  return rows.map(alarmOf);
}

export async function requireAlarm(db: DatabaseConnection, id: string): Promise<SignalAlarm> {
  const row = await db.selectFrom('signal_alarms').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return alarmOf(row);
  throw new BelayError('alarm.not-found', `There is no alarm "${id}".`, { hint: 'GET /api/v1/alarms lists them.' });
}

export function numberOf(cursor: string): number {
  if (/^\d{1,15}$/.test(cursor)) return Number(cursor);
  throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [{ path: 'cursor', message: 'is not a cursor of this list', seen: cursor, mend: 'use "next" of a page' }],
  });
}

function alarmOf(row: Selectable<SignalAlarmTable>): SignalAlarm {
  return {
    id: row.id,
    signalId: row.signal_id,
    signalTitle: row.title,
    service: row.service,
    direction: row.direction,
    sense: row.sense,
    found: row.found,
    startedAt: row.started_at,
    raisedAt: row.raised_at,
    endedAt: row.ended_at,
    ending: row.ending,
    deviation: row.deviation,
    sentence: row.sentence,
    tone: row.ended_at !== null ? 'none' : row.sense === 'better' ? 'ok' : row.sense === 'worse' ? 'bad' : 'wait',
    // Decoder: written by insertAlarm from the same type.
    suspects: JSON.parse(row.suspects_json) as SignalAlarm['suspects'],
  };
}
