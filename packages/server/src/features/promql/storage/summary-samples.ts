import type { SampleSeries } from '../evaluate/series.ts';
import { createPartCollector, printBound } from './distribution-samples.ts';
import type { Column } from './distribution-samples.ts';
import { staleMarks } from './order-samples.ts';
import { createRowBinary } from './row-binary.ts';
import { readSamples } from './sample-query.ts';
import type { SampleQuery } from './sample-query.ts';

/** Summaries as Prometheus has them: one series a quantile, `_sum` and `_count`. */
export async function readSummaries(query: SampleQuery): Promise<SampleSeries[]> {
  const byFp = new Map(query.found.map((found) => [found.series.fp, found]));
  const collector = createPartCollector();
  await readSamples(query, {
    table: 'm_summary',
    groupBy: ['quantiles'],
    columns: ['groupArray(toFloat64(count))', 'groupArray(sum)', 'groupArrayArray(values)'],
    decode(bytes, baseMs) {
      const row = createRowBinary(bytes);
      while (!row.isAtEnd) {
        const fp = row.uint64Text();
        const quantiles = row.floats();
        const times = row.offsets(baseMs);
        const counts = row.floats();
        const words = row.floatWords();
        const values = row.floats();
        query.hints.budget.take(times.length * (quantiles.length + 1));
        const found = byFp.get(fp);
        if (found === undefined) continue;
        const stale = staleMarks(words);
        const column = (numbers: Float64Array): Column => ({ times, values: numbers, stale });
        collector.add(found, 'count', column(counts));
        collector.add(found, 'sum', column(new Float64Array(words.buffer, words.byteOffset, words.length / 2)));
        quantiles.forEach((quantile, at) => {
          const own = times.map((_, point) => values[point * quantiles.length + at] ?? NaN);
          collector.add(found, 'self', column(own), ['quantile', printBound(quantile)]);
        });
      }
    },
  });
  return collector.series();
}
