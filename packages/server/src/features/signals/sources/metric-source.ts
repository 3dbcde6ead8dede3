import type { SlotValue } from '@belay/core/baseline';
import type { SignalSource } from '@belay/protocol';
import type { SignalDefinition } from '../signal-definition.ts';
import { readHistograms } from './histogram-metric.ts';
import { type Ask, attributeConditions, SLOT_MS, type SlotRange, slotsOf } from './source-types.ts';

type MetricSource = Extract<SignalSource, { type: 'metric' }>;
export interface Asking {
  readonly ask: Ask;
  readonly range: SlotRange;
}

interface NumberRow {
  readonly slot: number;
  readonly fp: string;
  readonly cumulative: number;
  readonly last: number;
  readonly first: number;
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
async function readIncrease(source: MetricSource, { ask, range }: Asking): Promise<(readonly [number, number])[]> {
  const rows = await numberRows(source, { ask, range: { ...range, fromMs: range.fromMs - 3 * SLOT_MS } });
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

function increaseOf(row: NumberRow, before: NumberRow | undefined): number | null {
  if (before === undefined) return row.points > 1 ? Math.max(0, row.last - row.first) : null;
  return row.last >= before.last ? row.last - before.last : row.last;
}

function numberRows(source: MetricSource, { ask, range }: Asking): Promise<readonly NumberRow[]> {
  const wanted = attributeConditions('labels', source.where, 'w');
  return ask<NumberRow>(
    `WITH wanted AS (
      SELECT fp, any(s.metric) AS metric, any(s.temporality) AS temporality FROM series AS s
      WHERE (s.metric = {metric:String} OR s.prom = {metric:String})
        AND ({service:String} = '' OR s.service = {service:String}) ${wanted.sql} GROUP BY fp
    )
    SELECT toUnixTimestamp(toStartOfFiveMinutes(ts)) AS slot, toString(p.fp) AS fp, any(w.temporality) != 1 AS cumulative,
      argMax(value, ts) AS last, argMin(value, ts) AS first, sum(value) AS sum, count() AS points
    FROM m_num AS p INNER JOIN wanted AS w ON p.fp = w.fp
    WHERE p.metric IN (SELECT metric FROM wanted) AND NOT isNaN(value)
      AND ts >= {from:DateTime('UTC')} AND ts < {to:DateTime('UTC')} AND _in >= {from:DateTime('UTC')} - INTERVAL 1 HOUR
    GROUP BY slot, fp`,
    {
      name: 'signals.metric',
      range,
      parameters: { metric: source.metric, service: source.service ?? '', ...wanted.parameters },
    },
  );
}
