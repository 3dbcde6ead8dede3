import type { IssueDecision } from '@belay/core/errors';
import type { Selectable } from 'kysely';
import type { DatabaseConnection, DatabaseTransaction } from '../../../platform/sqlite/database.ts';
import type { IssueTable } from '../../../platform/sqlite/errors-tables.ts';

/** While an issue spikes. */
export interface StoredSpike {
  readonly seen: number;
  readonly expected: number;
  readonly since: number;
}

/** An issue as it is stored. */
export interface IssueRecord extends Omit<
  Selectable<IssueTable>,
  'decision_json' | 'spike_json' | 'status' | 'level' | 'handled'
> {
  readonly level: string;
  readonly handled: boolean | null;
  readonly decision: IssueDecision;
  readonly spike: StoredSpike | null;
}

/** SQLite takes a bounded number of values in one statement. */
const CHUNK = 500;

export async function issuesByIds(db: DatabaseConnection, ids: readonly string[]): Promise<IssueRecord[]> {
  const found: IssueRecord[] = [];
  for (let at = 0; at < ids.length; at += CHUNK) {
    const rows = await db
      .selectFrom('issues')
      .selectAll()
      .where('id', 'in', ids.slice(at, at + CHUNK))
      .execute();
    found.push(...rows.map(recordOf));
  }
  return found;
}

/** By id or number (`17`, `#17`, `E-17`). */
export async function findIssue(db: DatabaseConnection, reference: string): Promise<IssueRecord | undefined> {
  const number = /^(?:#|E-)?(\d{1,9})$/iu.exec(reference)?.[1];
  const select = db.selectFrom('issues').selectAll();
  const row =
    (await select.where('id', '=', reference).executeTakeFirst()) ??
    (number === undefined ? undefined : await select.where('number', '=', Number(number)).executeTakeFirst());
  return row === undefined ? undefined : recordOf(row);
}

export async function insertIssue(trx: DatabaseTransaction, issue: Omit<IssueRecord, 'number'>): Promise<IssueRecord> {
  const newest = await trx
    .selectFrom('issues')
    .select((select) => select.fn.max('number').as('number'))
    .executeTakeFirst();
  const record = { ...issue, number: (newest?.number ?? 0) + 1 };
  await trx.insertInto('issues').values(rowOf(record)).execute();
  return record;
}

export async function updateIssue(trx: DatabaseTransaction, issue: IssueRecord): Promise<void> {
  const { id, number: _number, ...columns } = rowOf(issue);
  await trx.updateTable('issues').set(columns).where('id', '=', id).execute();
}

export async function keysOfIssue(
  db: DatabaseConnection,
  id: string,
): Promise<{ readonly key: string; readonly kind: string; readonly title: string }[]> {
  return db.selectFrom('issue_keys').select(['key', 'kind', 'title']).where('issue_id', '=', id).execute();
}

function rowOf({ decision, spike, handled, ...issue }: IssueRecord): Selectable<IssueTable> {
  return {
    ...issue,
    handled: handled === null ? null : Number(handled),
    status: decision.status,
    decision_json: JSON.stringify(decision),
    spike_json: spike === null ? null : JSON.stringify(spike),
  };
}

/** The JSON columns were written by {@link rowOf} from these very types, inside Belay's own database. */
function recordOf(row: Selectable<IssueTable>): IssueRecord {
  const { decision_json: decision, spike_json: spike, status: _status, handled, ...issue } = row;
  return {
    ...issue,
    handled: handled === null ? null : handled === 1,
    decision: JSON.parse(decision) as IssueDecision,
    spike: spike === null ? null : (JSON.parse(spike) as StoredSpike),
  };
}
