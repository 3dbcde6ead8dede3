import { describe, expect, test } from 'vitest';
import { parseQuery } from '../parse/parse-query.ts';
import { suggestionsFor } from './metric-suggestions.ts';

const metric = { prom: 'x', kind: 'gauge', monotonic: false, unit: 's' } as const;

describe('suggested queries', () => {
  test.each([
    [{ ...metric, kind: 'sum', monotonic: true } as const, 'sum by (job) (rate(x[5m]))', 's/s'],
    [{ ...metric, kind: 'sum' } as const, 'avg by (job) (x)', 's'],
    [metric, 'avg by (job) (x)', 's'],
    [{ ...metric, kind: 'unknown', prom: 'x_total', unit: '' } as const, 'sum by (job) (rate(x_total[5m]))', '1/s'],
    [{ ...metric, kind: 'histogram' } as const, 'histogram_quantile(0.95, sum by (le, job) (rate(x_bucket[5m])))', 's'],
    [{ ...metric, kind: 'exponential' } as const, 'histogram_quantile(0.95, sum by (job) (rate(x[5m])))', 's'],
    [{ ...metric, kind: 'summary' } as const, 'x', 's'],
    [{ ...metric, prom: 'a "b".c' } as const, String.raw`avg by (job) ({"a \"b\".c"})`, 's'],
  ])('of a metric of its kind (%#)', (input, query, unit) => {
    expect(suggestionsFor(input)[0]).toMatchObject({ query, unit });
  });

  test('can all be read', () => {
    for (const kind of ['gauge', 'sum', 'histogram', 'exponential', 'summary', 'unknown'] as const) {
      for (const prom of ['up', 'http.server "x"']) {
        for (const { query } of suggestionsFor({ ...metric, kind, prom }))
          expect(() => parseQuery(query)).not.toThrow();
      }
    }
  });
});
