import type { OutcomeRow } from '@belay/wire';
import {
  bigUint64,
  dateTime,
  dateTimeMs,
  int16,
  int8,
  lowCardinality,
  mapOf,
  uint64,
  uint8,
} from '../../../platform/clickhouse/native-column.ts';
import { isLate, newestOf } from './lateness.ts';
import { rowSet, type RowSet } from './row-set.ts';
import { arrivalColumns, columnTypes, type RequestTable } from './table-definition.ts';

/** Units of work as SDKs count them. Small, and verdicts are replayed from them, so they are kept for long. */
export const outcomesTable = {
  name: 'outcomes',
  columns: {
    ...arrivalColumns,
    ts: columnTypes.milliseconds,
    late: 'UInt8',
    service: columnTypes.name,
    instance: columnTypes.name,
    sdk: columnTypes.name,
    sdk_version: columnTypes.name,
    rollout: columnTypes.name,
    flag: columnTypes.name,
    revision: 'UInt64',
    variant: columnTypes.name,
    arm: columnTypes.name,
    side: columnTypes.name,
    grp: 'Int8',
    units: 'UInt64',
    errors: 'UInt64',
    exposures: 'UInt64',
    distinct_bad: 'UInt64',
    value_name: columnTypes.name,
    hist: 'Map(Int16, UInt64) CODEC(ZSTD(1))',
  },
  orderBy: '(flag, _in, rollout, side, grp)',
  retentionDays: 400,
  newBlock: () => ({
    _in: dateTime(),
    _req: bigUint64(),
    ts: dateTimeMs(),
    late: uint8(),
    service: lowCardinality(),
    instance: lowCardinality(),
    sdk: lowCardinality(),
    sdk_version: lowCardinality(),
    rollout: lowCardinality(),
    flag: lowCardinality(),
    revision: uint64(),
    variant: lowCardinality(),
    arm: lowCardinality(),
    side: lowCardinality(),
    grp: int8(),
    units: uint64(),
    errors: uint64(),
    exposures: uint64(),
    distinct_bad: uint64(),
    value_name: lowCardinality(),
    hist: mapOf(int16(), uint64()),
  }),
} satisfies RequestTable;

type Columns = ReturnType<(typeof outcomesTable)['newBlock']>;

/** Outcomes of one request. */
export function outcomeRows(rows: readonly OutcomeRow[]): RowSet {
  const newest = newestOf(rows, (row) => row.timeMs);
  const late = rows.map((row) => isLate(row.timeMs, row.resource.sentAtMs ?? newest));
  return rowSet<Columns>(outcomesTable, { rows: rows.length, late: late.filter(Boolean).length }, (c, arrival) => {
    for (const [index, row] of rows.entries()) {
      c._in.push(arrival.second);
      c._req.push(arrival.request);
      c.ts.push(row.timeMs);
      c.late.push(late[index] === true ? 1 : 0);
      c.service.push(row.resource.service);
      c.instance.push(row.resource.instance);
      c.sdk.push(row.resource.sdk);
      c.sdk_version.push(row.resource.sdkVersion);
      c.rollout.push(row.rolloutId);
      c.flag.push(row.flagKey);
      c.revision.push(row.revision);
      c.variant.push(row.variant);
      c.arm.push(row.arm);
      c.side.push(row.side);
      c.grp.push(row.group);
      c.units.push(row.units);
      c.errors.push(row.errors);
      c.exposures.push(row.exposures);
      c.distinct_bad.push(row.distinctBad);
      c.value_name.push(row.valueName);
      c.hist.push(row.histogram);
    }
  });
}
