import {
  bigUint64,
  dateTime,
  dateTimeMs,
  fixedString,
  float64,
  lowCardinality,
} from '../../../platform/clickhouse/native-column.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** Check-ins of scheduled jobs. */
export const checkInsTable = {
  name: 'check_ins',
  columns: {
    ...arrivalColumns,
    ts: columnTypes.milliseconds,
    project: columnTypes.name,
    service: columnTypes.name,
    environment: columnTypes.name,
    release: columnTypes.name,
    check_in_id: 'FixedString(16)',
    monitor: columnTypes.name,
    status: columnTypes.name,
    duration_ms: 'Float64 CODEC(ZSTD(1))',
    schedule: columnTypes.name,
    trace_id: columnTypes.traceId,
  },
  orderBy: '(project, monitor, ts)',
  retentionDays: 90,
  newBlock: () => ({
    _in: dateTime(),
    _req: bigUint64(),
    ts: dateTimeMs(),
    project: lowCardinality(),
    service: lowCardinality(),
    environment: lowCardinality(),
    release: lowCardinality(),
    check_in_id: fixedString(16),
    monitor: lowCardinality(),
    status: lowCardinality(),
    duration_ms: float64(),
    schedule: lowCardinality(),
    trace_id: fixedString(16),
  }),
} satisfies RequestTable;
