import type { MetricKind, MetricSuggestion } from '@belay/protocol';

/** What a suggestion is made from. */
export interface SuggestedMetric {
  readonly prom: string;
  readonly kind: MetricKind;
  readonly monotonic: boolean;
  readonly unit: string;
}

/** Queries worth showing for a metric; the first is the one to show at once. */
export function suggestionsFor(metric: SuggestedMetric): MetricSuggestion[] {
  const { prom, kind, monotonic, unit } = metric;
  switch (kind) {
    case 'histogram':
      return distributions({ unit, buckets: `sum by (le, job) (rate(${selector(`${prom}_bucket`)}[5m]))`, prom });
    case 'exponential':
      return distributions({ unit, buckets: `sum by (job) (rate(${selector(prom)}[5m]))`, prom });
    case 'summary':
      return [
        { title: 'Quantiles', query: selector(prom), unit },
        {
          title: 'Per second, by service',
          query: `sum by (job) (rate(${selector(`${prom}_count`)}[5m]))`,
          unit: '1/s',
        },
      ];
    case 'sum':
      return monotonic ? counters(prom, unit) : gauges(prom, unit);
    case 'gauge':
      return gauges(prom, unit);
    case 'unknown':
      // Prometheus does not always tell; its customs of naming do.
      return /_(?:total|count|sum|bucket)$/.test(prom) ? counters(prom, unit) : gauges(prom, unit);
  }
}

interface Distribution {
  readonly prom: string;
  readonly unit: string;
  /** The query for what `histogram_quantile` takes. */
  readonly buckets: string;
}

function distributions({ prom, unit, buckets }: Distribution): MetricSuggestion[] {
  const [sum, count] = [selector(`${prom}_sum`), selector(`${prom}_count`)];
  return [
    { title: 'p95, by service', query: `histogram_quantile(0.95, ${buckets})`, unit },
    { title: 'p50, by service', query: `histogram_quantile(0.5, ${buckets})`, unit },
    { title: 'p99, by service', query: `histogram_quantile(0.99, ${buckets})`, unit },
    {
      title: 'Mean, by service',
      query: `sum by (job) (rate(${sum}[5m])) / sum by (job) (rate(${count}[5m]))`,
      unit,
    },
    { title: 'Per second, by service', query: `sum by (job) (rate(${count}[5m]))`, unit: '1/s' },
  ];
}

function counters(prom: string, unit: string): MetricSuggestion[] {
  const metric = selector(prom);
  const perSecond = unit === '' || unit === '1' ? '1/s' : `${unit}/s`;
  return [
    { title: 'Per second, by service', query: `sum by (job) (rate(${metric}[5m]))`, unit: perSecond },
    { title: 'Per second, in all', query: `sum(rate(${metric}[5m]))`, unit: perSecond },
    { title: 'In an hour, by service', query: `sum by (job) (increase(${metric}[1h]))`, unit },
  ];
}

function gauges(prom: string, unit: string): MetricSuggestion[] {
  const metric = selector(prom);
  return [
    { title: 'Mean, by service', query: `avg by (job) (${metric})`, unit },
    { title: 'Highest, by service', query: `max by (job) (${metric})`, unit },
    { title: 'Every series', query: metric, unit },
  ];
}

/** A name outside the classic alphabet goes in quotes. */
function selector(name: string): string {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name) ? name : `{${JSON.stringify(name)}}`;
}
