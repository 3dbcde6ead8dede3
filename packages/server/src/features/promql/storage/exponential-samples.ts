import { METRIC_NAME, withLabel } from '../evaluate/labels.ts';
import { addHistograms } from '../evaluate/native-histogram.ts';
import type { NativeHistogram } from '../evaluate/native-histogram.ts';
import type { SampleSeries } from '../evaluate/series.ts';
import { createPartCollector } from './distribution-samples.ts';
import type { FoundSeries } from './find-series.ts';
import { inOrder, marksInOrder, orderOf, staleMarks } from './order-samples.ts';
import { createRowBinary } from './row-binary.ts';
import type { RowBinary } from './row-binary.ts';
import { readSamples } from './sample-query.ts';
import type { SampleQuery } from './sample-query.ts';

/** Exponential histograms as native ones; `_sum` and `_count` come beside them. */
export async function readExponentials(query: SampleQuery): Promise<SampleSeries[]> {
  const byFp = new Map(query.found.map((found) => [found.series.fp, found]));
  const collector = createPartCollector();
  const native: SampleSeries[] = [];
  await readSamples(query, {
    table: 'm_exp',
    columns: [
      'groupArray(toFloat64(count))',
      'groupArray(sum)',
      'groupArray(scale)',
      'groupArray(toFloat64(zero_count))',
      'groupArray(zero_threshold)',
      'groupArray(pos_offset)',
      'groupArray(CAST(pos AS Array(Float64)))',
      'groupArray(neg_offset)',
      'groupArray(CAST(neg AS Array(Float64)))',
    ],
    decode(bytes, baseMs) {
      const row = createRowBinary(bytes);
      while (!row.isAtEnd) {
        const fp = row.uint64Text();
        const points = pointsOf(row, baseMs);
        query.hints.budget.take(points.times.length * SAMPLES_PER_HISTOGRAM);
        const found = byFp.get(fp);
        if (found === undefined) continue;
        const { times, counts, sums, stale } = points;
        collector.add(found, 'count', { times, values: counts, stale });
        collector.add(found, 'sum', { times, values: sums, stale });
        const series = nativeSeries(found, points);
        if (series !== undefined) native.push(series);
      }
    },
  });
  return [...native, ...collector.series()];
}

/** What a histogram weighs against a number. */
const SAMPLES_PER_HISTOGRAM = 20;

interface Points {
  readonly times: Float64Array;
  readonly counts: Float64Array;
  readonly sums: Float64Array;
  readonly stale: Uint8Array | undefined;
  readonly histograms: readonly NativeHistogram[];
}

function pointsOf(row: RowBinary, baseMs: number): Points {
  const times = row.offsets(baseMs);
  const counts = row.floats();
  const words = row.floatWords();
  const sums = new Float64Array(words.buffer, words.byteOffset, words.length / 2);
  const scales = row.list(row.signedByte);
  const zeroCounts = row.floats();
  const thresholds = row.floats();
  const positiveOffsets = row.list(row.int32);
  const positives = row.list(row.floats);
  const negativeOffsets = row.list(row.int32);
  const negatives = row.list(row.floats);
  const histograms = Array.from(times, (_, at): NativeHistogram => ({
    scale: scales[at] ?? 0,
    count: counts[at] ?? 0,
    sum: sums[at] ?? 0,
    zeroCount: zeroCounts[at] ?? 0,
    zeroThreshold: thresholds[at] ?? 0,
    positive: { offset: positiveOffsets[at] ?? 0, counts: [...(positives[at] ?? [])] },
    negative: { offset: negativeOffsets[at] ?? 0, counts: [...(negatives[at] ?? [])] },
  }));
  return { times, counts, sums, stale: staleMarks(words), histograms };
}

function nativeSeries({ series, parts }: FoundSeries, points: Points): SampleSeries | undefined {
  const name = parts.get('self');
  if (name === undefined) return undefined;
  const order = orderOf(points.times);
  const times = inOrder(points.times, order);
  const inTime = order === undefined ? points.histograms : [...order].map((index) => points.histograms[index]);
  const stale = marksInOrder(points.stale, order);
  const histograms = series.temporality === 1 ? added(inTime, stale) : inTime;
  const labels = withLabel(series.labels, METRIC_NAME, name);
  return { labels, times, values: new Float64Array(times.length), stale, histograms };
}

/** What happened since the point before becomes what happened in all since the first point. */
function added(
  histograms: readonly (NativeHistogram | undefined)[],
  stale: Uint8Array | undefined,
): (NativeHistogram | undefined)[] {
  let total: NativeHistogram | undefined;
  return histograms.map((histogram, index) => {
    if (histogram === undefined || stale?.[index] === 1) return total;
    total = total === undefined ? histogram : addHistograms(total, histogram);
    return total;
  });
}
