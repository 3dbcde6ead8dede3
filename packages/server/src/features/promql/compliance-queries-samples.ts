// The queries of promql-test-queries.yml in prometheus/compliance, and the way in which its tester expands them.
// Copyright The Prometheus Authors. Licensed under the Apache License, Version 2.0. Rewritten as TypeScript.

export interface ComplianceQuery {
  readonly query: string;
  readonly shouldFail: boolean;
}

const VARIANTS: Readonly<Record<string, readonly string[]>> = {
  range: ['1s', '15s', '1m', '5m', '15m', '1h'],
  offset: ['1m', '5m', '10m'],
  simpleAggrOp: ['sum', 'avg', 'max', 'min', 'count', 'stddev', 'stdvar'],
  simpleTimeAggrOp: ['sum', 'avg', 'max', 'min', 'count', 'stddev', 'stdvar', 'absent', 'last'],
  topBottomOp: ['topk', 'bottomk'],
  quantile: ['-0.5', '0.1', '0.5', '0.75', '0.95', '0.90', '0.99', '1', '1.5'],
  arithBinOp: ['+', '-', '*', '/', '%', '^'],
  compBinOp: ['==', '!=', '<', '>', '<=', '>='],
  binOp: ['+', '-', '*', '/', '%', '^', '==', '!=', '<', '>', '<=', '>='],
  simpleMathFunc: ['abs', 'ceil', 'floor', 'exp', 'sqrt', 'ln', 'log2', 'log10', 'round'],
  extrapolatedRateFunc: ['delta', 'rate', 'increase'],
  clampFunc: ['clamp_min', 'clamp_max'],
  instantRateFunc: ['idelta', 'irate'],
  dateFunc: ['day_of_month', 'day_of_week', 'days_in_month', 'hour', 'minute', 'month', 'year'],
};

const MEMORY = 'demo_memory_usage_bytes';
const AGGREGATED = ['', ' by()', ' by(instance)', ' by(instance, type)', ' by(nonexistent)', ' without()'].concat([
  ' without(instance)',
  ' without(instance, type)',
  ' without(nonexistent)',
]);

const TEMPLATES: readonly string[] = [
  '42',
  '1.234',
  '.123',
  '1.23e-3',
  '0x3d',
  'Inf',
  '+Inf',
  '-Inf',
  'NaN',

  MEMORY,
  `{__name__="${MEMORY}"}`,
  `${MEMORY}{type="free"}`,
  `${MEMORY}{type!="free"}`,
  `${MEMORY}{instance=~"demo.promlabs.com:.*"}`,
  `${MEMORY}{instance=~"host"}`,
  `${MEMORY}{instance!~".*:10000"}`,
  `${MEMORY}{type="free", instance!="demo.promlabs.com:10000"}`,
  '{type="free", instance!="demo.promlabs.com:10000"}',
  'nonexistent_metric_name',
  `${MEMORY} offset {{offset}}`,
  `${MEMORY} offset -{{offset}}`,
  'demo_intermittent_metric',

  ...AGGREGATED.map((by) => `{{simpleAggrOp}}${by} (${MEMORY})`),
  '{{simpleAggrOp}}(nonexistent_metric_name)',
  `{{topBottomOp}} (3, ${MEMORY})`,
  `{{topBottomOp}} by(instance) (2, ${MEMORY})`,
  `{{topBottomOp}} without(instance) (2, ${MEMORY})`,
  `{{topBottomOp}} without() (2, ${MEMORY})`,
  `quantile({{quantile}}, ${MEMORY})`,
  `avg(max by(type) (${MEMORY}))`,

  '1 * 2 + 4 / 6 - 10 % 2 ^ 2',
  'demo_num_cpus + (1 {{compBinOp}} bool 2)',
  `${MEMORY} {{binOp}} 1.2345`,
  `${MEMORY} {{compBinOp}} bool 1.2345`,
  `1.2345 {{compBinOp}} bool ${MEMORY}`,
  `0.12345 {{binOp}} ${MEMORY}`,
  `(1 * 2 + 4 / 6 - (10%7)^2) {{binOp}} ${MEMORY}`,
  `${MEMORY} {{binOp}} (1 * 2 + 4 / 6 - 10)`,
  `timestamp(${MEMORY} * 1)`,
  `timestamp(-${MEMORY})`,
  `${MEMORY} {{binOp}} on(instance, job, type) ${MEMORY}`,
  `sum by(instance, type) (${MEMORY}) {{binOp}} on(instance, type) group_left(job) ${MEMORY}`,
  `${MEMORY} {{compBinOp}} bool on(instance, job, type) ${MEMORY}`,
  `${MEMORY} / on(instance, job, type, __name__) ${MEMORY}`,
  `sum without(job) (${MEMORY}) / on(instance, type) ${MEMORY}`,
  `sum without(job) (${MEMORY}) / on(instance, type) group_left ${MEMORY}`,
  `sum without(job) (${MEMORY}) / on(instance, type) group_left(job) ${MEMORY}`,
  `${MEMORY} / on(instance, job) group_left demo_num_cpus`,
  `${MEMORY} / on(instance, type, job, non_existent) ${MEMORY}`,
  ...['Inf', '-Inf', 'NaN'].map((value) => `demo_num_cpus * ${value}`),
  `${MEMORY} + -(1)`,
  `-${MEMORY}`,
  '-1 ^ 2',

  '1 {{arithBinOp}} time()',
  'time() {{arithBinOp}} 1',
  'time() {{compBinOp}} bool 1',
  '1 {{compBinOp}} bool time()',
  'time() {{arithBinOp}} time()',
  'time() {{compBinOp}} bool time()',
  `time() {{binOp}} ${MEMORY}`,
  `${MEMORY} {{binOp}} time()`,

  `{{simpleTimeAggrOp}}_over_time(${MEMORY}[{{range}}])`,
  `quantile_over_time({{quantile}}, ${MEMORY}[{{range}}])`,
  'timestamp(demo_num_cpus)',
  'timestamp(timestamp(demo_num_cpus))',
  `{{simpleMathFunc}}(${MEMORY})`,
  `{{simpleMathFunc}}(-${MEMORY})`,
  '{{extrapolatedRateFunc}}(nonexistent_metric[5m])',
  '{{extrapolatedRateFunc}}(demo_cpu_usage_seconds_total[{{range}}])',
  'deriv(demo_disk_usage_bytes[{{range}}])',
  'predict_linear(demo_disk_usage_bytes[{{range}}], 600)',
  'time()',
  'label_replace(demo_num_cpus, "job", "destination-value-$1", "instance", "demo.promlabs.com:(.*)")',
  'label_replace(demo_num_cpus, "job", "destination-value-$1", "instance", "host:(.*)")',
  'label_replace(demo_num_cpus, "job", "$1-$2", "instance", "local(.*):(.*)")',
  'label_replace(demo_num_cpus, "job", "value-$1", "nonexistent-src", "source-value-(.*)")',
  'label_replace(demo_num_cpus, "job", "value-$1", "nonexistent-src", "(.*)")',
  'label_replace(demo_num_cpus, "job", "value-$1", "instance", "non-matching-regex")',
  'label_replace(demo_num_cpus, "job", "", "dst", ".*")',
  'label_join(demo_num_cpus, "new_label", "-", "instance", "job")',
  'label_join(demo_num_cpus, "job", "-", "instance", "job")',
  'label_join(demo_num_cpus, "job", "-", "instance")',
  '{{dateFunc}}()',
  '{{dateFunc}}(demo_batch_last_success_timestamp_seconds offset {{offset}})',
  '{{instantRateFunc}}(demo_cpu_usage_seconds_total[{{range}}])',
  `{{clampFunc}}(${MEMORY}, 2)`,
  ...['0, 1', '0, 1000000000000', '1000000000000, 0', '1000000000000, 1000000000000'].map(
    (bounds) => `clamp(${MEMORY}, ${bounds})`,
  ),
  'resets(demo_cpu_usage_seconds_total[{{range}}])',
  'changes(demo_batch_last_success_timestamp_seconds[{{range}}])',
  'vector(1.23)',
  'vector(time())',
  'histogram_quantile({{quantile}}, rate(demo_api_request_duration_seconds_bucket[1m]))',
  'histogram_quantile(0.9, nonexistent_metric)',
  `histogram_quantile(0.9, ${MEMORY})`,
  'histogram_quantile(0.9, {__name__=~"demo_api_request_duration_seconds_.+"})',
  'count_values("value", demo_api_request_duration_seconds_bucket)',
  `absent(${MEMORY})`,
  'absent(nonexistent_metric_name)',
  'max_over_time((time() - max(demo_batch_last_success_timestamp_seconds) < 1000)[5m:10s] offset 5m)',
  'avg_over_time(rate(demo_cpu_usage_seconds_total[1m])[2m:10s])',
];

const FAILING: readonly string[] = [
  '{__name__=~".*"}',
  'label_replace(demo_num_cpus, "job", "value-$1", "src", "(.*")',
  String.raw`label_replace(demo_num_cpus, "\xff", "", "src", "(.*)")`,
  'label_replace(demo_num_cpus, "instance", "", "", "")',
  String.raw`label_join(demo_num_cpus, "\xff", "-", "instance")`,
];

/** Every query of the list, with its variants. */
export function complianceQueries(): ComplianceQuery[] {
  return [
    ...TEMPLATES.flatMap(expand).map((query) => ({ query, shouldFail: false })),
    ...FAILING.map((query) => ({ query, shouldFail: true })),
  ];
}

function expand(template: string): string[] {
  const name = /\{\{(\w+)\}\}/.exec(template)?.[1];
  if (name === undefined) return [template];
  return (VARIANTS[name] ?? []).flatMap((value) => expand(template.replaceAll(`{{${name}}}`, value)));
}
