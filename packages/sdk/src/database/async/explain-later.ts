import { fingerprintOf } from '../fingerprint.ts';
import type { AsyncSource } from './async-source.ts';

/**
 * The plan of a statement, on a connection of its own and without running it. PostgreSQL plans statements with places
 * for values generically (`PREPARE`, then `EXPLAIN EXECUTE` with nulls), so no value of the application is needed.
 */
export async function explainLater<Handle>(source: AsyncSource<Handle>, sql: string): Promise<string | undefined> {
  if (!/^\s*(?:select|with|insert|update|delete)\b/i.test(sql)) return undefined;
  return source.use(async ({ query }) => {
    if (source.dialect === 'sqlite') {
      const { rows } = await query(`EXPLAIN QUERY PLAN ${sql}`, []);
      return rows
        .map((row) => String(row['detail']))
        .join('\n')
        .slice(0, 8000);
    }
    const places = Math.max(0, ...[...sql.matchAll(/\$(\d+)/g)].map(([, number]) => Number(number)));
    await query('BEGIN READ ONLY', []);
    let isPrepared = false;
    try {
      await query(`SET LOCAL statement_timeout = '2s'`, []);
      await query('SET LOCAL plan_cache_mode = force_generic_plan', []);
      await query(`PREPARE belay_explain AS ${sql}`, []);
      isPrepared = true;
      const values = places === 0 ? '' : `(${Array.from({ length: places }, () => 'NULL').join(', ')})`;
      const { rows } = await query(`EXPLAIN EXECUTE belay_explain${values}`, []);
      return rows
        .map((row) => withoutValues(String(Object.values(row)[0])))
        .join('\n')
        .slice(0, 8000);
    } finally {
      await query('ROLLBACK', []);
      // A prepared statement outlives its transaction.
      if (isPrepared) await query('DEALLOCATE belay_explain', []);
    }
  });
}

/** Values stand in conditions only; costs and rows of a plan are figures of the planner. */
function withoutValues(line: string): string {
  return /(?:Cond|Filter|Key):/.test(line)
    ? line.replace(/(:\s*)(.*)$/, (_all, colon: string, rest: string) => colon + fingerprintOf(rest).text)
    : line;
}
