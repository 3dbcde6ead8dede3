import { METRIC_NAME, withLabel } from '../evaluate/labels.ts';
import type { SampleSeries } from '../evaluate/series.ts';
import { accumulated, inOrder, marksInOrder, orderOf, staleMarks } from './order-samples.ts';
import { createRowBinary } from './row-binary.ts';
import { readSamples } from './sample-query.ts';
import type { SampleQuery } from './sample-query.ts';

/** Samples of gauges and sums; deltas are added up, so that `rate()` sees a counter. */
export async function readNumbers(query: SampleQuery): Promise<SampleSeries[]> {
  const byFp = new Map(query.found.map((found) => [found.series.fp, found]));
  const drafts = new Map<string, { times: Float64Array; words: Uint32Array }>();
  await readSamples(query, {
    table: 'm_num',
    columns: ['groupArray(value)'],
    decode(bytes, baseMs) {
      const row = createRowBinary(bytes);
      while (!row.isAtEnd) {
        const fp = row.uint64Text();
        const times = row.offsets(baseMs);
        const words = row.floatWords();
        query.budget.take(times.length);
        const known = drafts.get(fp);
        drafts.set(fp, known === undefined ? { times, words } : joined(known, { times, words }));
      }
    },
  });
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
