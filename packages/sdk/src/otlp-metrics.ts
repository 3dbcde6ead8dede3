import { HISTOGRAM_SCALE, ZERO_BUCKET } from '@belay/core';
import type { OutcomeCounts, OutcomeSeries } from './outcome-accumulator.ts';

/** Who sends, and for which stretch of time. */
export interface MetricsFrame {
  readonly service: string;
  readonly instance: string;
  readonly sdkVersion: string;
  /** Unix ms at which counting began and ended. */
  readonly fromMs: number;
  readonly toMs: number;
  /** Unix ms at which the request is made. */
  readonly sentAtMs: number;
  /** Everything dropped so far. */
  readonly dropped: number;
}

/** An OTLP/HTTP JSON request (ExportMetricsServiceRequest) with delta sums and exponential histograms at scale 4. */
export function encodeOutcomes(frame: MetricsFrame, counts: ReadonlyMap<OutcomeSeries, OutcomeCounts>): string {
  const entries = [...counts].map(([series, cell]) => ({ cell, attributes: seriesAttributes(series) }));
  const times = { startTimeUnixNano: nanos(frame.fromMs), timeUnixNano: nanos(frame.toMs) };
  const sum = (name: string, pick: (cell: OutcomeCounts) => number) => ({
    name,
    unit: '1',
    sum: {
      aggregationTemporality: deltaTemporality,
      isMonotonic: true,
      dataPoints: entries
        .filter(({ cell }) => pick(cell) > 0 || isSignOfLife(name, cell))
        .map(({ cell, attributes }) => ({ attributes, ...times, asInt: String(pick(cell)) })),
    },
  });
  const histogram = (name: string, unit: string, dataPoints: readonly object[]) => ({
    name,
    unit,
    exponentialHistogram: { aggregationTemporality: deltaTemporality, dataPoints },
  });
  const durations = entries
    .filter(({ cell }) => cell.duration.size > 0)
    .map(({ cell, attributes }) => ({ attributes, ...times, ...encodeBuckets(cell.duration) }));
  const values = entries.flatMap(({ cell, attributes }) =>
    [...cell.values].map(([name, buckets]) => ({
      attributes: [...attributes, text('belay.value.name', name)],
      ...times,
      ...encodeBuckets(buckets),
    })),
  );
  const metrics = [
    sum('belay.outcome.units', (cell) => cell.units),
    sum('belay.outcome.errors', (cell) => cell.errors),
    sum('belay.outcome.exposures', (cell) => cell.exposures),
    sum('belay.outcome.distinct_bad', (cell) => cell.distinctBad),
  ].filter((metric) => metric.sum.dataPoints.length > 0);
  const histograms = [
    histogram('belay.outcome.duration', 'ms', durations),
    histogram('belay.outcome.value', '1', values),
  ].filter((metric) => metric.exponentialHistogram.dataPoints.length > 0);
  const scope = { name: '@belay/node', version: frame.sdkVersion };
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: resourceAttributes(frame) },
        scopeMetrics: [{ scope, metrics: [...metrics, ...histograms] }],
      },
    ],
  });
}

const deltaTemporality = 1;

/** Zero units are told where nothing else is: the server then knows that it would hear of more. */
function isSignOfLife(name: string, cell: OutcomeCounts): boolean {
  return name === 'belay.outcome.units' && cell.units === 0 && cell.exposures === 0;
}

function resourceAttributes(frame: MetricsFrame): readonly object[] {
  return [
    text('service.name', frame.service),
    text('service.instance.id', frame.instance),
    text('telemetry.sdk.name', 'belay'),
    text('telemetry.sdk.language', 'nodejs'),
    text('telemetry.sdk.version', frame.sdkVersion),
    int('belay.sent_at', frame.sentAtMs),
    int('belay.dropped', frame.dropped),
  ];
}

function seriesAttributes(series: OutcomeSeries): readonly object[] {
  const attributes = [
    text('feature_flag.key', series.flagKey),
    text('feature_flag.version', String(series.revision)),
    text('feature_flag.result.variant', series.variant),
    text('belay.arm', series.arm),
    text('belay.rollout', series.rolloutId),
    int('belay.group', series.group),
  ];
  // A rule can name a variant that is neither the old nor the new one.
  return series.side === undefined ? attributes : [...attributes, text('belay.side', series.side)];
}

function encodeBuckets(buckets: ReadonlyMap<number, number>): object {
  let count = 0;
  let lowest = Infinity;
  let highest = -Infinity;
  for (const [index, many] of buckets) {
    count += many;
    if (index === ZERO_BUCKET) continue;
    lowest = Math.min(lowest, index);
    highest = Math.max(highest, index);
  }
  const zeroCount = String(buckets.get(ZERO_BUCKET) ?? 0);
  const base = { count: String(count), scale: HISTOGRAM_SCALE, zeroCount };
  if (lowest > highest) return base;
  const bucketCounts = Array.from({ length: highest - lowest + 1 }, (_nothing, offset) =>
    String(buckets.get(lowest + offset) ?? 0),
  );
  return { ...base, positive: { offset: lowest, bucketCounts } };
}

function text(key: string, value: string): object {
  return { key, value: { stringValue: value } };
}

function int(key: string, value: number): object {
  return { key, value: { intValue: String(Math.round(value)) } };
}

function nanos(ms: number): string {
  return `${Math.round(ms)}000000`;
}
