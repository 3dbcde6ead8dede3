import type { SlotValue } from '@belay/core/baseline';
import type { SignalSource } from '@belay/protocol';
import type { Sums } from '../../telemetry/api.ts';
import type { SignalDefinition } from '../signal-definition.ts';
import { type Asking, attributeConditions, SLOT_MS, slotsOf } from './source-types.ts';

interface HistogramRow {
  readonly slot: number;
  readonly fp: string;
  readonly cumulative: number;
  readonly count: number;
  readonly sum: number;
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
}

type Sample = Pick<HistogramRow, 'count' | 'sum' | 'counts'>;
/** What a slot, or a longer bucket of which it is a part, holds of a series: count, sum and counts at each place. */
type Place = readonly [number, number, readonly number[]];

interface RolledRow {
  readonly slot: number;
  readonly fp: string;
  readonly cumulative: number;
  readonly bounds: readonly number[];
  /** Unix ms of the first and the last point. */
  readonly first_at: number;
  readonly last_at: number;
  readonly first: Place;
  readonly last: Place;
  readonly grown: Place;
  readonly all: Place;
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
  { ask, sums, range }: Asking,
): Promise<SlotValue[]> {
  const wanted = attributeConditions('labels', source.where, 'w');
  const wide = { ...range, fromMs: range.fromMs - 3 * SLOT_MS };
  const parameters = { metric: source.metric, service: source.service ?? '', ...wanted.parameters };
  const labelled = (query: string): string => query.replace('{labels}', wanted.sql);
  const asked = { name: 'signals.histogram', range: wide, parameters };
  const rolled = await sums('histogram', wide);
  const [explicit, exponential] = await Promise.all([
    ask<RolledRow>(labelled(explicitRows(rolled)), asked),
    ask<HistogramRow>(labelled(EXPONENTIAL), asked),
  ]);
  const slots = new Map<number, { count: number; sum: number; buckets: Bucket[] }>();
  for (const increase of [...rolledIncreases(explicit), ...increasesOf(exponential)]) {
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

/** What each series added in a slot, growth since the slot before included. */
function rolledIncreases(rows: readonly RolledRow[]): HistogramRow[] {
  return [...Map.groupBy(rows, ({ fp }) => fp).values()].flatMap((own) => {
    let before: RolledRow | undefined;
    return own
      .toSorted((a, b) => a.slot - b.slot)
      .map((row): HistogramRow => {
        const increase = row.cumulative === 1 ? growthOf(row, before) : sampleOf(row.all);
        before = row;
        const { slot, fp, cumulative, bounds } = row;
        return { slot, fp, cumulative, bounds, ...increase };
      });
  });
}

/** A row of a longer bucket stands for each of its slots with a share of its growth. */
function growthOf(row: RolledRow, before: RolledRow | undefined): Sample {
  const [first, last, grown] = [sampleOf(row.first), sampleOf(row.last), sampleOf(row.grown)];
  const isWithin = row.first_at >= row.slot * 1000 && row.last_at < row.slot * 1000 + SLOT_MS;
  const own = isWithin && last.count - first.count >= grown.count ? less(last, first) : grown;
  if (before === undefined || before.first_at === row.first_at) return own;
  const end = sampleOf(before.last);
  const gap = first.count >= end.count ? less(first, end) : first;
  return {
    count: own.count + gap.count,
    sum: own.sum + gap.sum,
    counts: own.counts.map((count, index) => count + (gap.counts[index] ?? 0)),
  };
}

function sampleOf([count, sum, counts]: Place): Sample {
  return { count, sum, counts };
}

/** What each exponential series added in a slot: cumulative ones since the slot before, a reset counted from zero. */
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
        return isReset ? [row] : [{ ...row, ...less(row, last) }];
      });
  });
}

function less(sample: Sample, before: Sample): Sample {
  return {
    count: sample.count - before.count,
    sum: sample.sum - before.sum,
    counts: sample.counts.map((count, index) => Math.max(0, count - (before.counts[index] ?? 0))),
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

function explicitRows(rolled: Sums): string {
  const at = (place: string): string => `(p.${place}_count, p.${place}_sum, p.${place}_counts)`;
  const added = (prefix: string): string =>
    `(sum(p.${prefix}count), sum(p.${prefix}sum), sumForEach(p.${prefix}counts))`;
  return `${SERIES}
  SELECT toUnixTimestamp(p.bucket) AS slot, toString(p.fp) AS fp, any(w.temporality) != 1 AS cumulative, any(p.bounds) AS bounds,
    toUnixTimestamp64Milli(min(p.first_ts)) AS first_at, toUnixTimestamp64Milli(max(p.last_ts)) AS last_at,
    argMin(${at('first')}, p.first_ts) AS first, argMax(${at('last')}, p.last_ts) AS last, ${added('grown_')} AS grown, ${added('')} AS all
  FROM ${rolled.sql('metric IN (SELECT metric FROM wanted) AND fp IN (SELECT fp FROM wanted)')} AS p INNER JOIN wanted AS w ON p.fp = w.fp
  GROUP BY slot, fp`;
}

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
