import { METRIC_NAME, withLabel } from '../evaluate/labels.ts';
import type { SampleSeries } from '../evaluate/series.ts';
import { accumulated, inOrder, marksInOrder, orderOf, staleMarks } from './order-samples.ts';
import { createRowBinary } from './row-binary.ts';
import type { Stretch } from '../../telemetry/api.ts';
import type { FoundSeries } from './find-series.ts';
import { NUMBER_BUCKET_COLUMNS, OF_COUNTERS, readNumberBuckets, unfold, type Unfolding } from './rolled-numbers.ts';
import { readSamples, sampleStretches } from './sample-query.ts';
import type { SampleQuery } from './sample-query.ts';

/** Samples of gauges and sums; deltas are added up, so that `rate()` sees a counter. What has gone is read from sums. */
export async function readNumbers(query: SampleQuery): Promise<SampleSeries[]> {
  const byFp = new Map(query.found.map((found) => [found.series.fp, found]));
  const drafts = new Map<string, Draft>();
  const add = (fp: string, draft: Draft): void => {
    const known = drafts.get(fp);
    drafts.set(fp, known === undefined ? draft : joined(known, draft));
  };
  // From old to new: where two points have the same time, the one that was stored as it came in counts.
  for (const stretch of (await sampleStretches(query, 'point')).toReversed()) {
    await readStretch(query, stretch, { byFp, add });
  }
  const result: SampleSeries[] = [];
  for (const [fp, { times, words }] of drafts) {
    const found = byFp.get(fp);
    const name = found?.parts.get('self');
    if (found === undefined || name === undefined) continue;
    const order = orderOf(times);
    const values = inOrder(new Float64Array(words.buffer, words.byteOffset, words.length / 2), order);
    result.push({
      labels: withLabel(found.series.labels, METRIC_NAME, name),
      times: inOrder(times, order),
      values: found.series.kind === 'sum' && found.series.temporality === 1 ? accumulated(values) : values,
      stale: marksInOrder(staleMarks(words), order),
    });
  }
  return result;
}

interface Reading {
  readonly byFp: ReadonlyMap<string, FoundSeries>;
  readonly add: (fp: string, draft: Draft) => void;
}

async function readStretch(query: SampleQuery, stretch: Stretch, { byFp, add }: Reading): Promise<void> {
  const { hints, toMs } = query;
  const { table } = stretch;
  if (stretch.bucketSeconds === 0) {
    await readSamples(query, {
      table,
      stretch,
      columns: ['groupArray(value)'],
      decode: (bytes, baseMs) => {
        const row = createRowBinary(bytes);
        while (!row.isAtEnd) {
          const fp = row.uint64Text();
          const times = row.offsets(baseMs);
          const words = row.floatWords();
          hints.budget.take(times.length);
          add(fp, { times, words });
        }
      },
    });
    return;
  }
  const { call, rangeMs, stepMs } = hints;
  await readSamples(query, {
    table,
    stretch,
    columns: NUMBER_BUCKET_COLUMNS,
    decode: (bytes, baseMs) => {
      const row = createRowBinary(bytes);
      while (!row.isAtEnd) {
        const fp = row.uint64Text();
        const buckets = readNumberBuckets(row, baseMs);
        const kind = kindOf(byFp.get(fp), call);
        const { times, values } = unfold(buckets, { call, rangeMs, stepMs, endMs: toMs, kind });
        hints.budget.take(times.length);
        add(fp, { times, words: new Uint32Array(values.buffer) });
      }
    },
  });
}

function kindOf(found: FoundSeries | undefined, call: string): Unfolding['kind'] {
  if (found?.series.kind === 'sum' && found.series.temporality === 1) return 'delta';
  return OF_COUNTERS.has(call) ? 'counter' : 'gauge';
}

interface Draft {
  readonly times: Float64Array;
  readonly words: Uint32Array;
}

function joined(a: Draft, b: Draft): Draft {
  const times = new Float64Array(a.times.length + b.times.length);
  times.set(a.times);
  times.set(b.times, a.times.length);
  const words = new Uint32Array(a.words.length + b.words.length);
  words.set(a.words);
  words.set(b.words, a.words.length);
  return { times, words };
}
