import type { Stretch } from '../../telemetry/api.ts';
import type { SampleSeries } from '../evaluate/series.ts';
import { createPartCollector, printBound } from './distribution-samples.ts';
import type { Column, PartCollector } from './distribution-samples.ts';
import type { FoundSeries } from './find-series.ts';
import { staleMarks } from './order-samples.ts';
import { createRowBinary } from './row-binary.ts';
import { belowEachBound, histogramBucketColumns, readHistogramBuckets, unfoldPart } from './rolled-histograms.ts';
import { OF_COUNTERS, type Unfolding } from './rolled-numbers.ts';
import { readSamples, sampleStretches } from './sample-query.ts';
import type { SampleQuery } from './sample-query.ts';

/** Histograms with explicit bounds as classic series: `_bucket` with `le`, `_sum` and `_count`. */
export async function readHistograms(query: SampleQuery): Promise<SampleSeries[]> {
  const byFp = new Map(query.found.map((found) => [found.series.fp, found]));
  const wantsBuckets = query.found.some(({ parts }) => parts.has('bucket'));
  const reading = { byFp, wantsBuckets, collector: createPartCollector() };
  // From old to new: where two points have the same time, the one that was stored as it came in counts.
  for (const stretch of (await sampleStretches(query, 'histogram')).toReversed()) {
    await (stretch.bucketSeconds === 0 ? readPoints(query, stretch, reading) : readRolled(query, stretch, reading));
  }
  return reading.collector.series();
}

interface Reading {
  readonly byFp: ReadonlyMap<string, FoundSeries>;
  readonly wantsBuckets: boolean;
  readonly collector: PartCollector;
}

function readPoints(query: SampleQuery, stretch: Stretch, { byFp, wantsBuckets, collector }: Reading): Promise<void> {
  return readSamples(query, {
    table: stretch.table,
    stretch,
    groupBy: ['bounds'],
    columns: [
      'groupArray(toFloat64(count))',
      'groupArray(sum)',
      wantsBuckets ? 'groupArrayArray(CAST(counts AS Array(Float64)))' : 'CAST([] AS Array(Float64))',
    ],
    decode(bytes, baseMs) {
      const row = createRowBinary(bytes);
      while (!row.isAtEnd) {
        const fp = row.uint64Text();
        const bounds = row.floats();
        const times = row.offsets(baseMs);
        const counts = row.floats();
        const words = row.floatWords();
        const buckets = row.floats();
        query.hints.budget.take(times.length * (wantsBuckets ? bounds.length + 1 : 1));
        const found = byFp.get(fp);
        if (found !== undefined) addRow(collector, found, { bounds, times, counts, words, buckets });
      }
    },
  });
}

function readRolled(query: SampleQuery, stretch: Stretch, { byFp, wantsBuckets, collector }: Reading): Promise<void> {
  const { call, rangeMs, stepMs, budget } = query.hints;
  return readSamples(query, {
    table: stretch.table,
    stretch,
    groupBy: ['bounds'],
    columns: histogramBucketColumns(wantsBuckets),
    decode(bytes, baseMs) {
      const row = createRowBinary(bytes);
      while (!row.isAtEnd) {
        const found = byFp.get(row.uint64Text());
        const bounds = row.floats();
        const rolled = readHistogramBuckets(row, baseMs);
        if (found === undefined) continue;
        const kind = found.series.temporality === 1 ? 'delta' : OF_COUNTERS.has(call) ? 'counter' : 'gauge';
        const unfolding: Unfolding = { call, rangeMs, stepMs, endMs: query.toMs, kind };
        const count = unfoldPart(rolled, rolled.count, unfolding);
        budget.take(count.times.length * (wantsBuckets ? bounds.length + 1 : 1));
        collector.add(found, 'count', count);
        collector.add(found, 'sum', unfoldPart(rolled, rolled.sum, unfolding));
        if (!found.parts.has('bucket')) continue;
        collector.add(found, 'bucket', count, ['le', '+Inf']);
        let at = 0;
        for (const below of belowEachBound(rolled, bounds)) {
          const bound = bounds[at] ?? Infinity;
          if (Number.isFinite(bound))
            collector.add(found, 'bucket', unfoldPart(rolled, below, unfolding), ['le', printBound(bound)]);
          at += 1;
        }
      }
    },
  });
}

interface HistogramRow {
  readonly bounds: Float64Array;
  readonly times: Float64Array;
  readonly counts: Float64Array;
  /** Bits of the sums. */
  readonly words: Uint32Array;
  /** Counts of single buckets, one after the other, point by point; empty when nobody wants them. */
  readonly buckets: Float64Array;
}

function addRow(collector: PartCollector, found: FoundSeries, row: HistogramRow): void {
  const { bounds, times, counts, words, buckets } = row;
  const stale = staleMarks(words);
  const column = (values: Float64Array): Column => ({ times, values, stale });
  collector.add(found, 'count', column(counts));
  collector.add(found, 'sum', column(new Float64Array(words.buffer, words.byteOffset, words.length / 2)));
  if (!found.parts.has('bucket')) return;
  collector.add(found, 'bucket', column(counts), ['le', '+Inf']);
  const width = bounds.length + 1;
  // The end of a series, and a histogram without buckets, have no counts.
  if (buckets.length !== times.length * width) return;
  let below = new Float64Array(times.length);
  bounds.forEach((bound, at) => {
    below = below.map((sum, point) => sum + (buckets[point * width + at] ?? 0));
    if (Number.isFinite(bound)) collector.add(found, 'bucket', column(below), ['le', printBound(bound)]);
  });
}
