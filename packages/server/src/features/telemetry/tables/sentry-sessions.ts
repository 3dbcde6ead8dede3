import {
  bigUint64,
  dateTime,
  dateTimeMs,
  float64,
  lowCardinality,
  uint8,
  uint64,
} from '../../../platform/clickhouse/native-column.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** Release health as Sentry's SDKs tell it: sessions one by one, or counted per minute (`count` above 1). */
export const sentrySessionsTable = {
  name: 'sentry_sessions',
  columns: {
    ...arrivalColumns,
    ts: columnTypes.milliseconds,
    project: columnTypes.name,
    service: columnTypes.name,
    environment: columnTypes.name,
    release: columnTypes.name,
    session_hash: 'UInt64',
    user_hash: 'UInt64',
    is_first: 'UInt8',
    status: columnTypes.name,
    errors: 'UInt64',
    duration_ms: 'Float64 CODEC(ZSTD(1))',
    count: 'UInt64 DEFAULT 1',
  },
  orderBy: '(toStartOfHour(ts), project, release, ts)',
  retentionDays: 90,
  newBlock: () => ({
    _in: dateTime(),
    _req: bigUint64(),
    ts: dateTimeMs(),
    project: lowCardinality(),
    service: lowCardinality(),
    environment: lowCardinality(),
    release: lowCardinality(),
    session_hash: bigUint64(),
    user_hash: bigUint64(),
    is_first: uint8(),
    status: lowCardinality(),
    errors: uint64(),
    duration_ms: float64(),
    count: uint64(),
  }),
} satisfies RequestTable;
