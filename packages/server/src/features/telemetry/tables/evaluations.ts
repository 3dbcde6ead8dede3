import { hash } from 'node:crypto';
import { groupOf } from '@belay/core/flag';
import type { EvaluationRow } from '@belay/wire';
import {
  bigUint64,
  dateTime,
  dateTimeNs,
  fixedString,
  int8,
  lowCardinality,
  uint64,
  uint8,
} from '../../../platform/clickhouse/native-column.ts';
import { isLate, newestOf } from './lateness.ts';
import { rowSet, type RowSet } from './row-set.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** Flag evaluations told by spans and log records. */
export const evaluationsTable = {
  name: 'evaluations',
  columns: {
    ...arrivalColumns,
    ts: columnTypes.nanoseconds,
    late: 'UInt8',
    service: columnTypes.name,
    instance: columnTypes.name,
    sdk: columnTypes.name,
    sdk_version: columnTypes.name,
    trace_id: 'FixedString(16)',
    span_id: 'FixedString(8)',
    flag: columnTypes.name,
    variant: columnTypes.name,
    revision: 'UInt64',
    key_hash: 'UInt64',
    grp: 'Int8',
    judged: 'UInt8',
  },
  orderBy: '(flag, _in, trace_id)',
  retentionDays: 30,
  newBlock: () => ({
    _in: dateTime(),
    _req: bigUint64(),
    ts: dateTimeNs(),
    late: uint8(),
    service: lowCardinality(),
    instance: lowCardinality(),
    sdk: lowCardinality(),
    sdk_version: lowCardinality(),
    trace_id: fixedString(16),
    span_id: fixedString(8),
    flag: lowCardinality(),
    variant: lowCardinality(),
    revision: uint64(),
    key_hash: bigUint64(),
    grp: int8(),
    judged: uint8(),
  }),
} satisfies RequestTable;

type Columns = ReturnType<(typeof evaluationsTable)['newBlock']>;

/** Reasons under which no random split took place. */
const NOT_RANDOM: ReadonlySet<string> = new Set(['static', 'disabled', 'error', 'default']);

/** Flag evaluations of one request. */
export function evaluationRows(rows: readonly EvaluationRow[]): RowSet {
  const newest = newestOf(rows, reportedMs);
  const late = rows.map((row) => isLate(reportedMs(row), row.resource.sentAtMs ?? newest));
  return rowSet<Columns>(evaluationsTable, { rows: rows.length, late: late.filter(Boolean).length }, (c, arrival) => {
    for (const [index, row] of rows.entries()) {
      c._in.push(arrival.second);
      c._req.push(arrival.request);
      c.ts.push(row.timeNs);
      c.late.push(late[index] === true ? 1 : 0);
      c.service.push(row.resource.service);
      c.instance.push(row.resource.instance);
      c.sdk.push(row.resource.sdk);
      c.sdk_version.push(row.resource.sdkVersion);
      c.trace_id.push(row.traceId);
      c.span_id.push(row.spanId);
      c.flag.push(row.flagKey);
      c.variant.push(row.variant);
      c.revision.push(row.revision);
      c.key_hash.push(row.contextId === '' ? 0n : keyHashOf(row.contextId));
      c.grp.push(row.contextId === '' ? -1 : groupOf(row.contextId));
      c.judged.push(NOT_RANDOM.has(row.reason) ? 0 : 1);
    }
  });
}

function keyHashOf(key: string): bigint {
  return hash('sha256', key, 'buffer').readBigUInt64LE() | 1n;
}

function reportedMs(row: EvaluationRow): number {
  return Number(row.reportedNs / 1_000_000n);
}
