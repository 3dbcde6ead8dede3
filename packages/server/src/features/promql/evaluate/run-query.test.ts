import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../memory-storage-testbed.ts';
import type { TestSeries } from '../memory-storage-testbed.ts';
import { createBudget } from './budget.ts';
import { printLabels } from './labels.ts';
import type { NativeHistogram } from './native-histogram.ts';
import { runQuery } from './run-query.ts';
import type { EvaluationRules } from './evaluation.ts';

const prometheus3: EvaluationRules = { prometheus: 3, lookbackMs: 300_000 };
const prometheus2: EvaluationRules = { ...prometheus3, prometheus: 2 };

/** One sample a minute from 0 on, as seconds. */
function every(minutes: number, labels: Record<string, string>, ...values: (number | 'stale')[]): TestSeries {
  return { labels, samples: values.map((value, index) => [index * minutes * 60_000, value]) };
}

interface Asked {
  readonly at?: number;
  readonly steps?: number;
  readonly stepSeconds?: number;
  readonly rules?: EvaluationRules;
}

/** Points of each series by its labels, `_` where there is none. */
async function ask(series: readonly TestSeries[], query: string, asked: Asked = {}) {
  const { at = 0, steps = 1, stepSeconds = 60, rules = prometheus3 } = asked;
  const budget = createBudget({ maxSamples: 1e7, timeoutMs: 10_000, now: () => performance.now() });
  const grid = { startMs: at * 1000, stepMs: stepSeconds * 1000, count: steps };
  const { result, warnings } = await runQuery({ query, grid, storage: createMemoryStorage(series), rules, budget });
  if (result.type === 'scalar') return { lines: { scalar: [...result.values] }, warnings };
  if (result.type !== 'vector') throw new Error(result.type);
  const lines = result.series.map(({ labels, values, present, histograms }) => {
    const points = Array.from(values, (value, step) => (present[step] === 1 ? (histograms?.[step] ?? value) : '_'));
    return [printLabels(labels), points] as const;
  });
  return { lines: Object.fromEntries(lines), order: lines.map(([name]) => name), warnings };
}

const up = { __name__: 'up', job: 'a' };

describe('the newest sample', () => {
  const series = [every(1, up, 1, 2, 'stale', 4)];

  test('counts for five minutes, and not beyond a stale marker', async () => {
    const { lines } = await ask(series, 'up', { steps: 10 });
    expect(lines).toEqual({ 'up{job="a"}': [1, 2, '_', 4, 4, 4, 4, 4, '_', '_'] });
  });

  test('exactly five minutes old counts by the rules of 2 alone', async () => {
    const { lines } = await ask(series, 'up', { at: 480, rules: prometheus2 });
    expect(lines).toEqual({ 'up{job="a"}': [4] });
    expect((await ask(series, 'up', { at: 480 })).lines).toEqual({});
  });

  test('is looked for at an offset and at a fixed time', async () => {
    expect((await ask(series, 'up offset 1m', { steps: 3 })).lines).toEqual({ 'up{job="a"}': ['_', 1, 2] });
    expect((await ask(series, 'up offset -1m', { steps: 2 })).lines).toEqual({ 'up{job="a"}': [2, '_'] });
    expect((await ask(series, 'up @ 60', { steps: 3 })).lines).toEqual({ 'up{job="a"}': [2, 2, 2] });
    expect((await ask(series, 'up @ end()', { steps: 4 })).lines).toEqual({ 'up{job="a"}': [4, 4, 4, 4] });
    expect((await ask(series, 'timestamp(up @ 60)', { at: 600 })).lines).toEqual({ '{job="a"}': [60] });
  });
});

describe('windows', () => {
  const series = [every(1, up, 0, 1, 2, 3, 4, 5)];

  test('leave out their left edge by the rules of 3', async () => {
    expect((await ask(series, 'count_over_time(up[2m])', { at: 240 })).lines).toEqual({ '{job="a"}': [2] });
    const two = await ask(series, 'count_over_time(up[2m])', { at: 240, rules: prometheus2 });
    expect(two.lines).toEqual({ '{job="a"}': [3] });
  });

  test('may be as long as arithmetic says', async () => {
    expect((await ask(series, 'sum_over_time(up[1m * 3])', { at: 300 })).lines).toEqual({ '{job="a"}': [12] });
    expect((await ask(series, 'sum_over_time(up[step() + 1m])', { at: 300 })).lines).toEqual({ '{job="a"}': [9] });
    const { lines } = await ask(series, 'count_over_time(up[max_of(30s, range())])', {
      at: 0,
      steps: 3,
      stepSeconds: 120,
    });
    expect(lines).toEqual({ '{job="a"}': [1, 3, 4] });
  });

  test('of subqueries lie on multiples of the step', async () => {
    const { lines } = await ask(series, 'sum_over_time((up * 2)[3m:1m])', { at: 270 });
    expect(lines).toEqual({ '{job="a"}': [(2 + 3 + 4) * 2] });
  });

  test('a counter that began anew goes on', async () => {
    const counter = [every(1, up, 0, 10, 20, 5, 15)];
    expect((await ask(counter, 'resets(up[10m])', { at: 240 })).lines).toEqual({ '{job="a"}': [1] });
    // 20 + 15 between the samples; the counter was zero at the left edge.
    expect((await ask(counter, 'increase(up[4m])', { at: 240, rules: prometheus2 })).lines).toEqual({
      '{job="a"}': [35],
    });
  });
});

describe('matching', () => {
  const series = [
    every(1, { __name__: 'errors', job: 'a', code: '500' }, 6),
    every(1, { __name__: 'errors', job: 'a', code: '404' }, 4),
    every(1, { __name__: 'requests', job: 'a', zone: 'x' }, 20),
    every(1, { __name__: 'requests', job: 'b', zone: 'x' }, 30),
  ];

  test('many to one', async () => {
    const { lines } = await ask(series, 'errors / on(job) group_left(zone) requests');
    expect(lines).toEqual({ '{code="404", job="a", zone="x"}': [0.2], '{code="500", job="a", zone="x"}': [0.3] });
    const swapped = await ask(series, 'requests * on(job) group_right errors');
    expect(swapped.lines).toEqual({ '{code="404", job="a"}': [80], '{code="500", job="a"}': [120] });
  });

  test('comparisons filter, or give 1 and 0', async () => {
    expect((await ask(series, 'errors > 5')).lines).toEqual({ 'errors{code="500", job="a"}': [6] });
    expect((await ask(series, '5 < bool errors{code="404"}')).lines).toEqual({ '{code="404", job="a"}': [0] });
  });

  test.each([
    ['errors / on(job) requests', 'multiple matches for labels: many-to-one matching must be explicit'],
    ['requests / on(job) errors', 'found duplicate series for the match group {job="a"} on the right hand-side'],
    ['errors * on(zone) group_right errors', 'on the left hand-side'],
    ['sum without(code) (errors) + on(job) group_left() (errors)', 'found duplicate series'],
    ['{job="a"} + 1', 'vector cannot contain metrics with the same labelset'],
    ['label_replace(errors, "code", "", "", "")', 'vector cannot contain metrics with the same labelset'],
    ['double_exponential_smoothing(errors[5m], 2, 0.5)', 'invalid smoothing factor'],
    ['topk(NaN, errors)', 'Parameter value is NaN'],
    ['count_values("", errors)', 'invalid label name'],
  ])('%s is refused', async (query, message) => {
    const both = [...series, every(1, { __name__: 'other', job: 'a', zone: 'x' }, 1)];
    await expect(ask(both, query)).rejects.toThrow(message);
  });
});

describe('aggregation', () => {
  const series = [3, 1, NaN, 2].map((value, at) => every(1, { __name__: 'x', n: `n${at * 9}` }, value));

  test('topk, bottomk and sort put NaN last', async () => {
    expect((await ask(series, 'topk(2, x)')).order).toEqual(['x{n="n0"}', 'x{n="n27"}']);
    expect((await ask(series, 'bottomk(9, x)')).order).toEqual(['x{n="n9"}', 'x{n="n27"}', 'x{n="n0"}', 'x{n="n18"}']);
    expect((await ask(series, 'sort_desc(x)')).order).toEqual(['x{n="n0"}', 'x{n="n27"}', 'x{n="n9"}', 'x{n="n18"}']);
    expect((await ask(series, 'sort_by_label(x, "n")')).order).toEqual(
      ['n0', 'n9', 'n18', 'n27'].map((n) => `x{n="${n}"}`),
    );
  });

  test('of nothing is nothing', async () => {
    for (const operator of ['sum', 'avg', 'count', 'group', 'min', 'stddev']) {
      expect((await ask(series, `${operator}(nothing)`)).lines).toEqual({});
    }
  });

  test('limits', async () => {
    expect((await ask(series, 'limitk(2, x)')).order).toHaveLength(2);
    const some = (await ask(series, 'limit_ratio(0.5, x)')).order ?? [];
    const others = (await ask(series, 'limit_ratio(-0.5, x)')).order ?? [];
    expect([...some, ...others].sort()).toEqual(series.map(({ labels }) => `x{n="${labels['n']}"}`).sort());
  });

  test('count_values names values as Prometheus writes numbers', async () => {
    const numbers = [1e21, 1e-7, -0.5, Infinity, NaN].map((value, at) =>
      every(1, { __name__: 'x', n: `${at}` }, value),
    );
    const { lines } = await ask(numbers, 'count_values("v", x)');
    expect(Object.keys(lines).sort()).toEqual(
      ['+Inf', '-0.5', '0.0000001', '1000000000000000000000', 'NaN'].map((v) => `{v="${v}"}`),
    );
  });
});

describe('what is missing', () => {
  test('absent() carries the labels that were asked for', async () => {
    const { lines } = await ask([], 'absent(up{job="a", instance=~"b", zone="x", zone="y"})');
    expect(lines).toEqual({ '{job="a"}': [1] });
    expect((await ask([every(1, up, 1)], 'absent_over_time(up{job="a"}[1m])', { steps: 3 })).lines).toEqual({
      '{job="a"}': ['_', 1, 1],
    });
  });

  test('scalar() of nothing is NaN', async () => {
    expect((await ask([], 'scalar(up)')).lines).toEqual({ scalar: [NaN] });
  });
});

describe('native histograms', () => {
  const histogram = (factor: number): NativeHistogram => ({
    scale: 0,
    count: 10 * factor,
    sum: 30 * factor,
    zeroCount: 0,
    zeroThreshold: 0,
    positive: { offset: 0, counts: [4 * factor, 6 * factor] },
    negative: { offset: 0, counts: [] },
  });
  const series: TestSeries[] = [1, 2].map((at) => ({
    labels: { __name__: 'h', n: `${at}` },
    samples: [1, 2, 3, 4, 5].map((step) => [step * 60_000, histogram(step * at)]),
  }));

  test('have rates, sums and quantiles', async () => {
    const at = { at: 300 };
    expect((await ask(series, 'histogram_count(sum(rate(h[4m])))', at)).lines).toEqual({ '{}': [0.5] });
    expect((await ask(series, 'histogram_avg(h{n="1"})', at)).lines).toEqual({ '{n="1"}': [3] });
    expect((await ask(series, 'histogram_quantile(0.4, sum(h))', at)).lines).toEqual({ '{}': [2] });
    expect((await ask(series, 'histogram_fraction(-Inf, 2, h{n="2"})', at)).lines).toEqual({ '{n="2"}': [0.4] });
    expect((await ask(series, 'histogram_sum(h{n="1"} * 2 - on() h{n="2"})', at)).lines).toEqual({ '{}': [0] });
  });

  test('are left out, with a note, where they have no answer', async () => {
    const { lines, warnings } = await ask(series, 'max_over_time(h[4m])', { at: 300 });
    expect(lines).toEqual({});
    expect(warnings.join()).toContain('max_over_time() has no answer');
    expect((await ask(series, 'abs(h)', { at: 300 })).lines).toEqual({});
    expect((await ask(series, 'h > 1', { at: 300 })).lines).toEqual({});
  });
});
