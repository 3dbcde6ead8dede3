// The queries of prometheus/compliance, asked of Debian's Prometheus and of Belay over the same samples.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { askRange, differenceOf, pointsIn } from './compliance-comparison-testbed.ts';
import { complianceQueries } from './compliance-queries-samples.ts';
import { complianceData } from './compliance-samples.ts';
import { openMetricStore } from './metric-store-testbed.ts';
import type { MetricStore } from './metric-store-testbed.ts';
import { servePrometheusApi } from './prometheus-api-testbed.ts';
import type { PrometheusApi } from './prometheus-api-testbed.ts';
import { hasPrometheus, startPrometheus } from './prometheus-process-testbed.ts';
import type { PrometheusProcess } from './prometheus-process-testbed.ts';

const MINUTES = 130;
const startMs = Math.floor(Date.now() / 60_000) * 60_000 - (MINUTES + 5) * 60_000;
const data = complianceData(startMs, MINUTES);
// Prometheus 2 is what Debian has; the rules of 3 differ at the left edge of windows and lookback alone.
const rules = { prometheus: 2, lookbackMs: 300_000 } as const;

// Needs Debian's prometheus: "sudo apt-get install prometheus" (npm test installs it as root).
describe.skipIf(!hasPrometheus)('PromQL agrees with Prometheus', () => {
  let store: MetricStore;
  let belay: PrometheusApi;
  let prometheus: PrometheusProcess;

  beforeAll(async () => {
    [store, prometheus] = await Promise.all([openMetricStore(), startPrometheus()]);
    belay = await servePrometheusApi(store, { rules });
    await Promise.all([store.writePrometheus(data.series), prometheus.write(data.series)]);
  }, 60_000);

  afterAll(async () => {
    await belay.close();
    await Promise.all([store.close(), prometheus.close()]);
  });

  const end = data.endMs / 1000 - 60;
  const window = { start: end - 600, end, step: 10 };

  test('on the whole compliance list', { timeout: 180_000 }, async () => {
    const queries = complianceQueries();
    expect(queries).toHaveLength(539);
    const differences: string[] = [];
    let [points, answered] = [0, 0];
    for (const { query, shouldFail } of queries) {
      const [theirs, ours] = await Promise.all([
        askRange(prometheus.url, { query, ...window }),
        askRange(belay.url, { query, ...window }),
      ]);
      expect(theirs.status, `${query}: ${theirs.error}`).toBe(shouldFail ? 'error' : 'success');
      points += pointsIn(theirs);
      answered += pointsIn(theirs) > 0 ? 1 : 0;
      if (shouldFail) {
        if (ours.status !== 'error') differences.push(`${query}: should fail`);
        continue;
      }
      const difference = differenceOf(theirs, ours);
      if (difference !== undefined) differences.push(`${query}: ${difference}`);
    }
    expect(differences).toEqual([]);
    // The comparison must be of something.
    expect(answered).toBeGreaterThan(450);
    expect(points).toBeGreaterThan(200_000);
  });

  test.each([
    'demo_memory_usage_bytes @ start()',
    `rate(demo_cpu_usage_seconds_total[5m] @ ${end - 300})`,
    'sum_over_time(demo_memory_usage_bytes[1m] @ end() offset 2m)',
    'max_over_time(rate(demo_cpu_usage_seconds_total[1m])[5m:30s] @ end())',
    'demo_num_cpus and on(instance) demo_memory_usage_bytes{type="free"} > 2e9',
    'demo_num_cpus unless on(instance) (demo_memory_usage_bytes{type="free"} > 2e9)',
    'demo_num_cpus{instance=~".*0"} or on(instance) demo_disk_usage_bytes',
    'demo_intermittent_metric or demo_num_cpus',
    'count_over_time(demo_intermittent_metric[3m])',
    'absent_over_time(demo_intermittent_metric{instance="demo.promlabs.com:10000"}[30s])',
    'absent(demo_intermittent_metric{instance="demo.promlabs.com:10000"})',
    'topk by (type) (1, demo_memory_usage_bytes)',
    'bottomk(2, rate(demo_cpu_usage_seconds_total[1m]))',
    'quantile by (type) (0.3, demo_memory_usage_bytes)',
    'histogram_quantile(0.9, sum by (le) (rate(demo_api_request_duration_seconds_bucket[2m])))',
    'histogram_quantile(0.5, sum by (le, path) (increase(demo_api_request_duration_seconds_bucket[5m])))',
    'sum by (path) (rate(demo_api_request_duration_seconds_sum[1m])) / sum by (path) (rate(demo_api_request_duration_seconds_count[1m]))',
    'holt_winters(demo_disk_usage_bytes[5m], 0.3, 0.6)',
    'deriv(demo_batch_last_success_timestamp_seconds[10m])',
    'present_over_time(demo_intermittent_metric[20s])',
    'stddev_over_time(demo_memory_usage_bytes[4m])',
    'label_replace(demo_num_cpus, "port", "${1}0", "instance", "[^:]+:(?P<port>\\\\d+)")',
    'label_replace(demo_num_cpus, "port", "$port", "instance", "(?i)DEMO.*:(?P<port>\\\\d+)")',
    'demo_memory_usage_bytes{type=~"fr.*|used"}',
    'demo_memory_usage_bytes{type!~"fr.*|used", nothing=""}',
    'day_of_year()',
    'sgn(demo_num_cpus - 4) or vector(3)',
    'atan2(demo_num_cpus, 3)',
    'demo_num_cpus ^ 2 ^ 0.5 % 3',
    'group by (type) (demo_memory_usage_bytes)',
    'count by (__name__) ({__name__=~"demo_.+"})',
    'scalar(demo_num_cpus{instance="demo.promlabs.com:10000"}) + vector(1)',
    'round(demo_disk_usage_bytes, 1e6)',
    'sort_desc(demo_disk_usage_bytes)',
    'time() % 60 > bool 30',
    '-demo_num_cpus ^ 2',
    'cosh(demo_num_cpus) + deg(demo_num_cpus) - rad(demo_num_cpus) * pi()',
    'sum(demo_memory_usage_bytes offset 1h) without (type)',
    'rate(demo_cpu_usage_seconds_total[5m] offset -1m)',
    'min_over_time((demo_disk_usage_bytes - demo_disk_usage_bytes offset 1m)[3m:])',
    'avg_over_time(demo_disk_usage_bytes[45s:7s])',
    'demo_memory_usage_bytes / on(type) demo_num_cpus',
    'demo_memory_usage_bytes / ignoring(type) demo_num_cpus',
    'sum(demo_memory_usage_bytes) by (type) + on() demo_num_cpus',
  ])('on %s', async (query) => {
    const [theirs, ours] = await Promise.all([
      askRange(prometheus.url, { query, ...window }),
      askRange(belay.url, { query, ...window }),
    ]);
    if (theirs.status === 'error') expect(ours.status, theirs.error).toBe('error');
    else expect(differenceOf(theirs, ours)).toBeUndefined();
  });
});
