import { createHash } from 'node:crypto';
import { BelayError } from '@belay/core';
import { type CheckState, newCheckState, observe } from '@belay/core/health';
import type { CheckKind, CheckStatusView, ProbeResult, ReportedCheck } from '@belay/protocol';
import type { Selectable } from 'kysely';
import type { CheckTable } from '../../platform/sqlite/checks-tables.ts';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import { HOUR_MS } from './checks-context.ts';

export type StoredCheck = Selectable<CheckTable>;

/** One run of one check, wherever it came from. */
export interface SeenCheck {
  readonly kind: CheckKind;
  readonly service: string;
  readonly instance: string;
  readonly everyMs: number;
  readonly check: ReportedCheck;
  readonly run?: ProbeResult;
}

/** Order of the list: what needs somebody first. */
export const rankOf: Readonly<Record<CheckStatusView, number>> = {
  down: 0,
  flapping: 1,
  failing: 2,
  silent: 3,
  warn: 4,
  pending: 5,
  up: 6,
};

export function checkIdOf({
  kind,
  service,
  instance,
  check,
}: Pick<SeenCheck, 'kind' | 'service' | 'instance' | 'check'>): string {
  const text = JSON.stringify([kind, service, instance, check.name]);
  return createHash('sha256').update(text).digest('hex').slice(0, 20);
}

export function subjectOf(service: string, name: string): string {
  return `${service}/${name}`;
}

/** Takes runs in; true when a status has changed. */
export async function takeRuns(trx: DatabaseTransaction, seen: readonly SeenCheck[], at: number): Promise<boolean> {
  const ids = seen.map(checkIdOf);
  const rows = await checksById(trx, ids);
  let isChanged = false;
  for (const [index, one] of seen.entries()) {
    const id = ids[index] ?? '';
    const before = rows.get(id);
    const row = rowAfter(id, { before, seen: one, at });
    await trx
      .insertInto('checks')
      .values(row)
      .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
      .execute();
    await countRun(trx, { id, at, seen: one });
    if (before?.status === row.status) continue;
    isChanged = true;
    const { cause, text } = one.check;
    await trx.insertInto('check_changes').values({ check_id: id, at, status: row.status, cause, text }).execute();
  }
  return isChanged;
}

/** Passing with a warning is passing: only failures count for the state. */
function rowAfter(
  id: string,
  { before, seen, at }: { readonly before: StoredCheck | undefined; readonly seen: SeenCheck; readonly at: number },
): StoredCheck {
  const { kind, service, instance, check, everyMs, run } = seen;
  const state = observe(before === undefined ? newCheckState : stateOf(before), {
    at,
    ok: check.outcome !== 'fail',
    cause: check.outcome === 'fail' ? (check.cause ?? 'failed') : null,
  });
  const status = statusOf(state, check);
  return {
    id,
    kind,
    service,
    instance,
    name: check.name,
    title: check.title ?? check.name,
    subject: subjectOf(service, check.name),
    status,
    rank: rankOf[status],
    since: before?.status === status ? before.since : at,
    last_at: state.lastAt,
    last_json: JSON.stringify(check),
    state_json: JSON.stringify(state),
    every_ms: everyMs,
    muted_by: before?.muted_by ?? null,
    run_json: run === undefined ? (before?.run_json ?? null) : JSON.stringify(run),
  };
}

function statusOf(state: CheckState, check: ReportedCheck): CheckStatusView {
  if (state.status === 'down' || state.status === 'flapping') return state.status;
  if (check.outcome === 'fail') return 'failing';
  if (check.outcome === 'warn') return 'warn';
  return state.status;
}

async function countRun(
  trx: DatabaseTransaction,
  { id, at, seen }: { readonly id: string; readonly at: number; readonly seen: SeenCheck },
): Promise<void> {
  const failed = seen.check.outcome === 'fail' ? 1 : 0;
  const row = {
    check_id: id,
    hour: Math.floor(at / HOUR_MS),
    passed: 1 - failed,
    failed,
    duration_ms: seen.check.durationMs,
  };
  await trx
    .insertInto('check_hours')
    .values(row)
    .onConflict((conflict) =>
      conflict.columns(['check_id', 'hour']).doUpdateSet((set) => ({
        passed: set('check_hours.passed', '+', set.ref('excluded.passed')),
        failed: set('check_hours.failed', '+', set.ref('excluded.failed')),
        duration_ms: set('check_hours.duration_ms', '+', set.ref('excluded.duration_ms')),
      })),
    )
    .execute();
}

export async function checksById(db: DatabaseConnection, ids: readonly string[]): Promise<Map<string, StoredCheck>> {
  const rows: StoredCheck[] = [];
  // SQLite takes a limited number of parameters at once.
  for (let from = 0; from < ids.length; from += 500) {
    rows.push(
      ...(await db
        .selectFrom('checks')
        .selectAll()
        .where('id', 'in', ids.slice(from, from + 500))
        .execute()),
    );
  }
  return new Map(rows.map((row) => [row.id, row]));
}

export async function requireCheck(db: DatabaseConnection, id: string): Promise<StoredCheck> {
  const row = await db.selectFrom('checks').selectAll().where('id', '=', id).executeTakeFirst();
  if (row !== undefined) return row;
  throw new BelayError('check.not-found', `There is no check "${id}".`, { hint: 'GET /api/v1/checks lists them.' });
}

/** Removes checks with everything that was counted of them. */
export async function removeChecks(trx: DatabaseTransaction, ids: readonly string[]): Promise<void> {
  for (let from = 0; from < ids.length; from += 500) {
    const some = ids.slice(from, from + 500);
    await trx.deleteFrom('check_hours').where('check_id', 'in', some).execute();
    await trx.deleteFrom('check_changes').where('check_id', 'in', some).execute();
    await trx.deleteFrom('checks').where('id', 'in', some).execute();
  }
}

/** Decoder: written by {@link takeRuns} from the same type. */
export function stateOf({ state_json }: Pick<StoredCheck, 'state_json'>): CheckState {
  return JSON.parse(state_json) as CheckState;
}

/** Decoder: written by {@link takeRuns} from the same type. */
export function lastOf({ last_json }: Pick<StoredCheck, 'last_json'>): Required<ReportedCheck> {
  return JSON.parse(last_json) as Required<ReportedCheck>;
}
