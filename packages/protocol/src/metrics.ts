import { z } from 'zod';
import { pageQuery, timestamp } from './primitives.ts';

/** What kind of instrument a metric is, in OpenTelemetry's words; `exponential` is a histogram with exponential buckets. */
export const metricKind = z.enum(['gauge', 'sum', 'histogram', 'exponential', 'summary', 'unknown']);
export type MetricKind = z.infer<typeof metricKind>;

/** A query worth showing for a metric of its kind, e.g. the rate of a counter. */
export const metricSuggestion = z.object({
  /** `Per second`, `p95`, `Now, by service` ... */
  title: z.string(),
  /** PromQL, ready for `POST /api/v1/metrics/query`. */
  query: z.string(),
  /** Unit of the answer: UCUM as OpenTelemetry sends it (`ms`, `By`, `1/s`), empty when there is none. */
  unit: z.string(),
});
export type MetricSuggestion = z.infer<typeof metricSuggestion>;

/** One line of the metric catalogue. */
export const metricView = z.object({
  /** As it was sent, e.g. `http.server.request.duration`. */
  metric: z.string(),
  /** As Prometheus writes it, e.g. `http_server_request_duration_seconds`. */
  prom: z.string(),
  kind: metricKind,
  /** Whether points tell what happened since the point before (`delta`) or since the start (`cumulative`). */
  temporality: z.enum(['none', 'delta', 'cumulative']),
  /** Counters only rise. */
  monotonic: z.boolean(),
  unit: z.string(),
  description: z.string(),
  /** Services that send it, at most 20, sorted. */
  services: z.array(z.string()),
  /** Stored series: one for each combination of labels. */
  series: z.number().int(),
  lastSeen: timestamp,
  /** The first is the one to show at once. */
  suggestions: z.array(metricSuggestion),
});
export type MetricView = z.infer<typeof metricView>;

/** Search in the metric catalogue; sorted by name. */
export const metricListQuery = pageQuery.extend({
  /** Words that must all occur in name, Prometheus name or description; upper and lower case are the same. */
  q: z.string().max(200).optional(),
  service: z.string().max(256).optional(),
  kind: metricKind.optional(),
  /** Only metrics seen since then. */
  since: z.coerce.number().int().nonnegative().optional(),
});

/** Whose labels are wanted. */
export const metricLabelsQuery = z.object({
  /** As sent or as Prometheus writes it. */
  metric: z.string().min(1).max(512),
  service: z.string().max(256).optional(),
  /** How many values of each label, most series first. */
  values: z.coerce.number().int().min(1).max(200).default(20),
});

/** Labels of a metric with their most frequent values. */
export const metricLabels = z.object({
  metric: z.string(),
  prom: z.string(),
  labels: z.array(
    z.object({
      /** As PromQL writes it: `job`, `instance`, `http_route` ... */
      name: z.string(),
      /** Number of different values. */
      distinct: z.number().int(),
      values: z.array(z.object({ value: z.string(), series: z.number().int() })),
    }),
  ),
});
export type MetricLabels = z.infer<typeof metricLabels>;

/** A PromQL range query over `[from, to]`. */
export const metricQuery = z.object({
  query: z.string().trim().min(1, 'write a PromQL query').max(10_000),
  from: timestamp,
  to: timestamp,
  /** Distance of points; chosen for about 250 points when absent. At most 11,000 points. */
  stepSeconds: z.number().int().min(1).max(31_536_000).optional(),
  /** More series than this are cut off, and a warning says so. */
  maxSeries: z.number().int().min(1).max(1000).default(100),
});

/** Series on one grid of times: point `i` of every series is at `start + i * stepSeconds * 1000`. */
export const metricQueryResult = z.object({
  query: z.string(),
  /** Time of the first point. */
  start: timestamp,
  stepSeconds: z.number().int(),
  /** Number of points of every series. */
  points: z.number().int(),
  series: z.array(
    z.object({
      /** The series as PromQL writes it, e.g. `up{job="shop"}`; `{}` when nothing is left. */
      name: z.string(),
      labels: z.record(z.string(), z.string()),
      /** Null where there is no point, and where the value is not a finite number. */
      values: z.array(z.number().nullable()),
    }),
  ),
  /** Number of series before `maxSeries` was applied. */
  seriesFound: z.number().int(),
  /** Unit of the values where the query tells it, else empty. */
  unit: z.string(),
  warnings: z.array(z.string()),
  /** Other queries for the metric that this one reads. */
  suggestions: z.array(metricSuggestion),
  stats: z.object({ samples: z.number().int(), seriesRead: z.number().int(), tookMs: z.number() }),
});
export type MetricQueryResult = z.infer<typeof metricQueryResult>;
