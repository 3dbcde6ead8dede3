import type { SlotValue } from '@belay/core/baseline';
import type { SignalSource } from '@belay/protocol';
import type { SignalDefinition } from '../signal-definition.ts';
import { readHistograms } from './histogram-metric.ts';
import { type Asking, attributeConditions, SLOT_MS, slotsOf } from './source-types.ts';

type MetricSource = Extract<SignalSource, { type: 'metric' }>;

interface NumberRow {
  readonly slot: number;
  readonly fp: string;
  readonly cumulative: number;
  readonly last: number;
  readonly first: number;
  /** Unix ms of the first and the last point. */
  readonly first_at: number;
  readonly last_at: number;
  /** Growth between the points, resets included. */
  readonly increase: number;
  readonly sum: number;
  readonly points: number;
}

/** A gauge, the rate of a counter, the ratio of two, or what a histogram says. */
export async function readMetric(
  definition: SignalDefinition,
  source: MetricSource,
  asking: Asking,
): Promise<SlotValue[]> {
  const { kind } = definition;
  if (kind === 'quantile') return readHistograms(definition, source, asking);
  if (kind === 'mean') {
    const slots = await readHistograms(definition, source, asking);
    return slots.length > 0 ? slots : readGauge(source, asking);
  }
  if (kind === 'gauge') return readGauge(source, asking);
  const above = await readIncrease(source, asking);
  if (kind === 'rate' || source.of === undefined)
    return slotsOf(above.map(([slot, sum]) => ({ slot, value: sum / 300, count: sum })));
  const below = new Map(await readIncrease({ ...source.of, type: 'metric', service: source.service }, asking));
  const over = new Map(above);
  return slotsOf(
    [...below].map(([slot, total]) => ({
      slot,
      count: total,
      value: total <= 0 ? null : Math.min(100, (100 * (over.get(slot) ?? 0)) / total),
    })),
  );
}

/** Mean over the points and series of a slot. */
async function readGauge(source: MetricSource, asking: Asking): Promise<SlotValue[]> {
  const rows = await numberRows(source, asking);
  const slots = Map.groupBy(rows, ({ slot }) => slot);
  return slotsOf(
    [...slots].map(([slot, own]) => {
      const points = own.reduce((total, row) => total + row.points, 0);
      return { slot, count: null, value: own.reduce((total, row) => total + row.sum, 0) / points };
    }),
  );
}

/** Increase by slot over all series: of cumulative counters since the slot before, with resets told from a fall. */
async function readIncrease(source: MetricSource, asking: Asking): Promise<(readonly [number, number])[]> {
  const { range } = asking;
  const rows = await numberRows(source, { ...asking, range: { ...range, fromMs: range.fromMs - 3 * SLOT_MS } });
  const sums = new Map<number, number>();
  for (const own of Map.groupBy(rows, ({ fp }) => fp).values()) {
    let before: NumberRow | undefined;
    for (const row of own.toSorted((a, b) => a.slot - b.slot)) {
      const increase = row.cumulative === 1 ? increaseOf(row, before) : row.sum;
      before = row;
      if (row.slot * 1000 >= range.fromMs && increase !== null)
        sums.set(row.slot, (sums.get(row.slot) ?? 0) + increase);
    }
  }
  return [...sums];
}

/** A row of a longer bucket stands for each of its slots with a share of its growth. */
function increaseOf(row: NumberRow, before: NumberRow | undefined): number | null {
  const isWithin = row.first_at >= row.slot * 1000 && row.last_at < row.slot * 1000 + SLOT_MS;
  const grown = isWithin ? Math.max(row.last - row.first, row.increase) : row.increase;
  if (before === undefined) return row.points > 1 ? grown : null;
  if (before.first_at === row.first_at) return grown;
  return grown + (row.first >= before.last ? row.first - before.last : row.first);
}

async function numberRows(source: MetricSource, { ask, sums, range }: Asking): Promise<readonly NumberRow[]> {
  const wanted = attributeConditions('labels', source.where, 'w');
  const points = await sums('point', range);
  return ask<NumberRow>(
    `WITH wanted AS (
      SELECT fp, any(s.metric) AS metric, any(s.temporality) AS temporality FROM series AS s
      WHERE (s.metric = {metric:String} OR s.prom = {metric:String})
        AND ({service:String} = '' OR s.service = {service:String}) ${wanted.sql} GROUP BY fp
    )
    SELECT toUnixTimestamp(p.bucket) AS slot, toString(p.fp) AS fp, any(w.temporality) != 1 AS cumulative,
      argMax(p.last, p.last_ts) AS last, argMin(p.first, p.first_ts) AS first, sum(p.sum) AS sum, sum(p.n) AS points,
      toUnixTimestamp64Milli(min(p.first_ts)) AS first_at, toUnixTimestamp64Milli(max(p.last_ts)) AS last_at, sum(p.increase) AS increase
    FROM ${points.sql('metric IN (SELECT metric FROM wanted) AND fp IN (SELECT fp FROM wanted)')} AS p INNER JOIN wanted AS w ON p.fp = w.fp
    GROUP BY slot, fp`,
    {
      name: 'signals.metric',
      range,
      parameters: { metric: source.metric, service: source.service ?? '', ...wanted.parameters },
    },
  );
}
