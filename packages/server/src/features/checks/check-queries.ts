import { BelayError } from '@belay/core';
import type { CheckDetail, CheckHistory, CheckKind, CheckStatusView, CheckView, ProbeResult } from '@belay/protocol';
import { sql } from 'kysely';
import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import { checksById, lastOf, rankOf, requireCheck, stateOf, type StoredCheck } from './check-store.ts';
import { headlineOf, toneOf, wordOf } from './check-words.ts';
import { DAY_MS, HOUR_MS } from './checks-context.ts';
import { signalIdOf } from './check-signals.ts';

export interface CheckListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly kind?: CheckKind | undefined;
  readonly status?: CheckStatusView | undefined;
  readonly service?: string | undefined;
  readonly search?: string | undefined;
}

/** Checks in the order of their need, and how many there are of each status. */
export async function listChecks(db: DatabaseConnection, query: CheckListQuery) {
  let select = matching(db, query)
    .selectAll()
    .orderBy('rank')
    .orderBy('service')
    .orderBy('name')
    .orderBy('id')
    .limit(query.limit + 1);
  if (query.status !== undefined) select = select.where('status', '=', query.status);
  const after = query.cursor === undefined ? undefined : cursorOf(query.cursor);
  if (after !== undefined) {
    const { rank, service, name, id } = after;
    select = select.where(sql<boolean>`(rank, service, name, id) > (${rank}, ${service}, ${name}, ${id})`);
  }
  const [rows, counted] = [await select.execute(), await countsOf(db, query)];
  const items = rows.slice(0, query.limit);
  const last = items.at(-1);
  const total = Object.values(counted).reduce((sum, count) => sum + count, 0);
  return {
    items: await viewsOf(db, items),
    next: rows.length > query.limit && last !== undefined ? cursorText(last) : null,
    counts: counted,
    total,
    ...headlineOf(counted, total),
  };
}

export async function getCheck(db: DatabaseConnection, id: string, now: number): Promise<CheckDetail> {
  const row = await requireCheck(db, id);
  const [view] = await viewsOf(db, [row]);
  const day = await db
    .selectFrom('check_hours')
    .select((column) => [column.fn.sum<number>('passed').as('passed'), column.fn.sum<number>('failed').as('failed')])
    .where('check_id', '=', id)
    .where('hour', '>=', Math.floor((now - DAY_MS) / HOUR_MS))
    .executeTakeFirst();
  const passed = day?.passed ?? 0;
  const runs = passed + (day?.failed ?? 0);
  return {
    // One row gives one view.
    ...(view as CheckView),
    passing: runs === 0 ? null : passed / runs,
    signalId: signalIdOf(row),
    // Decoder: written by takeRuns from the same type.
    run: row.run_json === null ? null : (JSON.parse(row.run_json) as ProbeResult),
  };
}

export async function getHistory(
  db: DatabaseConnection,
  id: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<CheckHistory> {
  await requireCheck(db, id);
  if (from >= to) {
    throw new BelayError('request.invalid', 'The stretch of time is empty.', {
      issues: [{ path: 'from', message: 'must be before "to"', seen: String(from), mend: 'give an earlier time' }],
    });
  }
  const hours = await db
    .selectFrom('check_hours')
    .selectAll()
    .where('check_id', '=', id)
    .where('hour', '>=', Math.floor(from / HOUR_MS))
    .where('hour', '<', Math.ceil(to / HOUR_MS))
    .orderBy('hour', 'desc')
    .limit(2200)
    .execute();
  const changes = await db
    .selectFrom('check_changes')
    .selectAll()
    .where('check_id', '=', id)
    .where('at', '>=', from)
    .where('at', '<=', to)
    .orderBy('number', 'desc')
    .limit(200)
    .execute();
  return {
    id,
    from,
    to,
    hours: hours.toReversed().map(({ hour, passed, failed, duration_ms }) => ({
      at: hour * HOUR_MS,
      passed,
      failed,
      meanMs: duration_ms / Math.max(1, passed + failed),
    })),
    changes: changes.map(({ at, status, cause, text }) => ({ at, status, cause, text, tone: toneOf(status) })),
  };
}

function matching(db: DatabaseConnection, { kind, service, search }: CheckListQuery) {
  let select = db.selectFrom('checks');
  if (kind !== undefined) select = select.where('kind', '=', kind);
  if (service !== undefined) select = select.where('service', '=', service);
  if (search === undefined || search.trim() === '') return select;
  const pattern = `%${search.trim().replaceAll(/[\\%_]/g, (sign) => `\\${sign}`)}%`;
  return select.where(
    sql<boolean>`(title LIKE ${pattern} ESCAPE '\\' OR subject LIKE ${pattern} ESCAPE '\\' OR instance LIKE ${pattern} ESCAPE '\\')`,
  );
}

async function countsOf(db: DatabaseConnection, query: CheckListQuery): Promise<Record<CheckStatusView, number>> {
  const rows = await matching(db, query)
    .select((column) => ['status', column.fn.countAll<number>().as('count')])
    .groupBy('status')
    .execute();
  const counts = { down: 0, flapping: 0, failing: 0, silent: 0, warn: 0, pending: 0, up: 0 };
  for (const { status, count } of rows) counts[status] = count;
  return counts;
}

async function viewsOf(db: DatabaseConnection, rows: readonly StoredCheck[]): Promise<CheckView[]> {
  const muting = await checksById(db, [...new Set(rows.flatMap(({ muted_by }) => muted_by ?? []))]);
  return rows.map((row) => {
    const last = lastOf(row);
    const { id, kind, service, instance, name, title, status, since, last_at, every_ms, muted_by } = row;
    return {
      id,
      kind,
      service,
      instance,
      name,
      title,
      status,
      word: wordOf(status),
      tone: toneOf(status),
      since,
      lastAt: last_at,
      lastOutcome: last.outcome,
      critical: last.critical,
      cause: stateOf(row).cause ?? last.cause,
      text: last.text,
      mend: last.mend,
      value: last.value,
      unit: last.unit,
      durationMs: last.durationMs,
      everyMs: every_ms,
      dependsOn: last.dependsOn,
      mutedBy: muted_by === null ? null : (muting.get(muted_by)?.title ?? muted_by),
      recent: stateOf(row).recent,
    };
  });
}

type Place = Pick<StoredCheck, 'rank' | 'service' | 'name' | 'id'>;

function cursorText({ rank, service, name, id }: Place): string {
  return Buffer.from(JSON.stringify([rank, service, name, id])).toString('base64url');
}

function cursorOf(cursor: string): Place {
  const place = parsed(cursor);
  if (Array.isArray(place) && place.length === 4) {
    const [rank, service, name, id]: unknown[] = place;
    const isText = typeof service === 'string' && typeof name === 'string' && typeof id === 'string';
    if (typeof rank === 'number' && rank <= rankOf.up && isText) return { rank, service, name, id };
  }
  throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [{ path: 'cursor', message: 'is not a cursor of this list', seen: cursor, mend: 'use "next" of a page' }],
  });
}

function parsed(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString());
  } catch {
    return undefined;
  }
}
