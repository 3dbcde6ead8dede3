import type { SlotValue } from '@belay/core/baseline';
import type { SignalSource } from '@belay/protocol';
import type { SignalDefinition } from '../signal-definition.ts';
import { type Ask, attributeConditions, SLOT_MS, type SlotRange, slotsOf } from './source-types.ts';

interface HistogramRow {
  readonly slot: number;
  readonly fp: string;
  readonly cumulative: number;
  readonly count: number;
  readonly sum: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

interface Bucket {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Mean or quantile of histograms by slot, over all series; quantiles in a straight line within a bucket. */
export async function readHistograms(
  { kind, quantile }: SignalDefinition,
  source: Extract<SignalSource, { type: 'metric' }>,
  { ask, range }: { readonly ask: Ask; readonly range: SlotRange },
): Promise<SlotValue[]> {
  const wanted = attributeConditions('labels', source.where, 'w');
  const wide = { ...range, fromMs: range.fromMs - 3 * SLOT_MS };
  const parameters = { metric: source.metric, service: source.service ?? '', ...wanted.parameters };
  const questions = [EXPLICIT, EXPONENTIAL].map((query) =>
    ask<HistogramRow>(query.replace('{labels}', wanted.sql), { name: 'signals.histogram', range: wide, parameters }),
  );
  const rows = (await Promise.all(questions)).flat();
  const slots = new Map<number, { count: number; sum: number; buckets: Bucket[] }>();
  for (const increase of increasesOf(rows)) {
    if (increase.slot * 1000 < range.fromMs) continue;
    const slot = slots.get(increase.slot) ?? { count: 0, sum: 0, buckets: [] };
    slots.set(increase.slot, slot);
    slot.count += increase.count;
    slot.sum += increase.sum;
    slot.buckets.push(...bucketsOf(increase));
  }
  return slotsOf(
    [...slots].map(([slot, { count, sum, buckets }]) => ({
      slot,
      count,
      value: count <= 0 ? null : kind === 'mean' ? sum / count : quantileOf(buckets, quantile),
    })),
  );
}

/** What each series added in a slot: cumulative ones since the slot before, a reset counted from zero. */
function increasesOf(rows: readonly HistogramRow[]): HistogramRow[] {
  return [...Map.groupBy(rows, ({ fp }) => fp).values()].flatMap((own) => {
    let before: HistogramRow | undefined;
    return own
      .toSorted((a, b) => a.slot - b.slot)
      .flatMap((row) => {
        if (row.cumulative !== 1) return [row];
        const last = before;
        before = row;
        if (last === undefined) return [];
        const isReset = row.count < last.count || row.counts.length !== last.counts.length;
        return isReset ? [row] : [minus(row, last)];
      });
  });
}

function minus(row: HistogramRow, last: HistogramRow): HistogramRow {
  return {
    ...row,
    count: row.count - last.count,
    sum: row.sum - last.sum,
    counts: row.counts.map((count, index) => Math.max(0, count - (last.counts[index] ?? 0))),
  };
}

function bucketsOf({ bounds, counts }: HistogramRow): Bucket[] {
  return counts.flatMap((count, index) => {
    const low = bounds[index - 1] ?? Math.min(0, bounds[0] ?? 0);
    return count > 0 ? [{ low, high: bounds[index] ?? low, count }] : [];
  });
}

function quantileOf(buckets: readonly Bucket[], quantile: number): number | null {
  const sorted = buckets.toSorted((a, b) => a.high - b.high || a.low - b.low);
  const wanted = quantile * sorted.reduce((sum, { count }) => sum + count, 0);
  let passed = 0;
  for (const { low, high, count } of sorted) {
    if (passed + count >= wanted) return low + ((high - low) * (wanted - passed)) / count;
    passed += count;
  }
  return sorted.at(-1)?.high ?? null;
}

const SERIES = `WITH wanted AS (
    SELECT fp, any(s.metric) AS metric, any(s.temporality) AS temporality FROM series AS s
    WHERE (s.metric = {metric:String} OR s.prom = {metric:String})
      AND ({service:String} = '' OR s.service = {service:String}) {labels}
    GROUP BY fp
  )`;
const BOUNDS = `p.metric IN (SELECT metric FROM wanted)
    AND ts >= {from:DateTime('UTC')} AND ts < {to:DateTime('UTC')} AND _in >= {from:DateTime('UTC')} - INTERVAL 1 HOUR`;
const PLACE = `toUnixTimestamp(toStartOfFiveMinutes(ts)) AS slot, toString(p.fp) AS fp, any(w.temporality) != 1 AS cumulative`;

const EXPLICIT = `${SERIES}
  SELECT ${PLACE}, if(cumulative, argMax(p.count, ts), sum(p.count)) AS count, if(cumulative, argMax(p.sum, ts), sum(p.sum)) AS sum,
    any(p.bounds) AS bounds, if(cumulative, argMax(p.counts, ts), sumForEach(p.counts)) AS counts
  FROM m_hist AS p INNER JOIN wanted AS w ON p.fp = w.fp WHERE ${BOUNDS} GROUP BY slot, fp`;

/**
 * Buckets of exponential histograms as explicit ones; the zero bucket comes first. Points of deltas stay apart, as their
 * scales may differ. Negative values are left out.
 */
const EXPONENTIAL = `${SERIES}
  SELECT ${PLACE}, argMax(p.count, ts) AS count, argMax(p.sum, ts) AS sum,
    argMax(arrayConcat([0.], arrayMap(i -> exp2((p.pos_offset + i) / exp2(p.scale)), range(length(p.pos) + 1))), ts) AS bounds,
    argMax(arrayConcat([p.zero_count, 0.], p.pos), ts) AS counts
  FROM m_exp AS p INNER JOIN wanted AS w ON p.fp = w.fp WHERE ${BOUNDS}
  GROUP BY slot, fp, if(w.temporality = 1, toUnixTimestamp64Milli(ts), 0)`;
