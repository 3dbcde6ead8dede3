import type { SeriesFacts } from '@belay/wire';
import {
  bigUint64,
  dateTime,
  flatMap,
  lowCardinality,
  string,
  uint8,
} from '../../../platform/clickhouse/native-column.ts';
import { upkeepRows, type UpkeepRows } from './row-set.ts';
import { columnTypes, type UpkeepTable } from './table-definition.ts';

/** Series of metrics: what the points of the tables `m_*` refer to by `fp`. */
export const seriesTable = {
  name: 'series',
  isUpkeep: true,
  columns: {
    fp: 'UInt64',
    metric: columnTypes.name,
    prom: columnTypes.name,
    kind: columnTypes.name,
    temporality: 'UInt8',
    monotonic: 'UInt8',
    unit: columnTypes.name,
    description: columnTypes.text,
    source: columnTypes.name,
    service: columnTypes.name,
    instance: columnTypes.name,
    labels: columnTypes.attributes,
    first_seen: "DateTime('UTC')",
    last_seen: "DateTime('UTC')",
  },
  engine: 'ReplacingMergeTree(last_seen)',
  partitionBy: '',
  orderBy: '(metric, fp)',
  agesBy: 'last_seen',
  retentionDays: 400,
  newBlock: () => ({
    fp: bigUint64(),
    metric: lowCardinality(),
    prom: lowCardinality(),
    kind: lowCardinality(),
    temporality: uint8(),
    monotonic: uint8(),
    unit: lowCardinality(),
    description: string(),
    source: lowCardinality(),
    service: lowCardinality(),
    instance: lowCardinality(),
    labels: flatMap(),
    first_seen: dateTime(),
    last_seen: dateTime(),
  }),
} satisfies UpkeepTable;

/** A series as it is described in the store. */
export interface SeriesDescription {
  /** Names the fingerprint and everything that describes it: what has changed is written again. */
  readonly key: bigint;
  readonly fp: bigint;
  readonly facts: SeriesFacts;
  /** Unix seconds. */
  readonly firstSeen: number;
}

/** The rows of series whose description is due. */
export function seriesRows(series: readonly SeriesDescription[]): UpkeepRows {
  type Columns = ReturnType<(typeof seriesTable)['newBlock']>;
  const keys = series.map(({ key }) => key);
  return upkeepRows<Columns>(seriesTable, keys, (c, index, second) => {
    const entry = series[index];
    if (entry === undefined) return;
    const { fp, facts, firstSeen } = entry;
    c.fp.push(fp);
    c.metric.push(facts.metric);
    c.prom.push(facts.prom);
    c.kind.push(facts.kind);
    c.temporality.push(facts.temporality);
    c.monotonic.push(facts.monotonic ? 1 : 0);
    c.unit.push(facts.unit);
    c.description.push(facts.description);
    c.source.push(facts.source);
    c.service.push(facts.service);
    c.instance.push(facts.instance);
    c.labels.push(facts.labels);
    c.first_seen.push(firstSeen);
    c.last_seen.push(second);
  });
}
