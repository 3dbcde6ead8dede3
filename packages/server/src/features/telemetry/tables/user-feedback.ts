import {
  bigUint64,
  dateTime,
  dateTimeMs,
  fixedString,
  lowCardinality,
  string,
} from '../../../platform/clickhouse/native-column.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** What people wrote about errors. */
export const userFeedbackTable = {
  name: 'user_feedback',
  columns: {
    ...arrivalColumns,
    ts: columnTypes.milliseconds,
    project: columnTypes.name,
    service: columnTypes.name,
    environment: columnTypes.name,
    release: columnTypes.name,
    event_id: 'FixedString(16)',
    name: columnTypes.text,
    message: columnTypes.text,
    url: columnTypes.text,
  },
  indexes: { by_event: 'event_id TYPE bloom_filter(0.01) GRANULARITY 1' },
  orderBy: '(project, ts)',
  retentionDays: 90,
  newBlock: () => ({
    _in: dateTime(),
    _req: bigUint64(),
    ts: dateTimeMs(),
    project: lowCardinality(),
    service: lowCardinality(),
    environment: lowCardinality(),
    release: lowCardinality(),
    event_id: fixedString(16),
    name: string(),
    message: string(),
    url: string(),
  }),
} satisfies RequestTable;
