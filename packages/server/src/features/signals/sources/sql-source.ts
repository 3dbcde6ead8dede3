import { BelayError } from '@belay/core';
import type { SlotValue } from '@belay/core/baseline';
import { sqlIssue } from './sql-guard.ts';
import { type Ask, type SlotRange, slotsOf } from './source-types.ts';

const DEADLINE_MS = 5000;
const ROWS_READ = 20_000_000;

/** The mean of `value` by five minutes of `time` (a time, or Unix seconds). */
export async function readSql(
  query: string,
  { ask, range }: { readonly ask: Ask; readonly range: SlotRange },
): Promise<SlotValue[]> {
  const issue = sqlIssue(query);
  if (issue !== null) {
    throw new BelayError('signal.invalid', `The query ${issue.message}.`, {
      issues: [{ path: 'from.query', ...issue }],
    });
  }
  const rows = await ask<{ slot: number; value: number | null }>(
    `SELECT intDiv(toUInt32(time), 300) * 300 AS slot, avg(toFloat64(value)) AS value
    FROM (${query}\n) WHERE time >= {from:DateTime('UTC')} AND time < {to:DateTime('UTC')} GROUP BY slot`,
    { name: 'signals.sql', range, deadlineMs: DEADLINE_MS, maxRowsRead: ROWS_READ },
  );
  return slotsOf(rows.map(({ slot, value }) => ({ slot, value, count: null })));
}
