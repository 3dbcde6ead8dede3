import { z } from 'zod';
import { durationText, percentText } from './plan.ts';

/** Id of a signal: letters, digits, dot, dash, underscore. */
export const signalId = z
  .string()
  .min(1)
  .max(96)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'use letters, digits, ".", "-" or "_", starting with a letter or digit');

/** How a signal's number is made of what is measured. */
export const signalKind = z.enum(['ratio', 'quantile', 'rate', 'mean', 'gauge']);
export type SignalKind = z.infer<typeof signalKind>;

/** What a signal is about; the four sides of a trade-off. */
export const signalDimension = z.enum(['cost', 'quality', 'latency', 'throughput']);
export type SignalDimension = z.infer<typeof signalDimension>;

/** Which direction is good; `none` where both ways out of the usual are bad, such as traffic. */
export const goodDirection = z.enum(['lower', 'higher', 'none']);
export type GoodDirection = z.infer<typeof goodDirection>;

/** A limit in the signal's unit: `0.8`, `"1%"`, `"250ms"`, `"2s"`. */
export const limitValue = z.union([
  z.number().finite(),
  z
    .string()
    .max(32)
    .regex(/^-?\d+(\.\d+)?\s*(%|ms|s|m|h)?$/, 'write a number in the unit of the signal, such as 0.8, "1%" or "250ms"'),
]);
export type LimitValue = z.infer<typeof limitValue>;

const name = z.string().min(1).max(200);
/** Attributes or labels that must have exactly these values. */
const where = z.record(name, z.string().max(500)).refine((value) => Object.keys(value).length <= 20, {
  message: 'name at most 20 attributes',
});

/** Points of a metric that was sent by OTLP or Prometheus remote write, by its name as sent or as Prometheus knows it. */
const metricSource = z.strictObject({
  type: z.literal('metric'),
  metric: name,
  service: name.optional(),
  where: where.optional(),
  /** Of a ratio: the metric below the line. */
  of: z.strictObject({ metric: name, where: where.optional() }).optional(),
});

/** Spans of a service; without `operation` those that are units of work (requests, jobs, messages). */
const spanSource = z.strictObject({
  type: z.literal('spans'),
  service: name.optional(),
  operation: name.optional(),
  where: where.optional(),
  /** Of a ratio: which spans count as bad. Default: those that failed. */
  bad: z.strictObject({ where: where.optional(), slower_than: durationText.optional() }).optional(),
});

/** Log records; `contains` is a text within the body, in any case. */
const logSource = z.strictObject({
  type: z.literal('logs'),
  service: name.optional(),
  contains: z.string().min(1).max(200).optional(),
  /** Least severity: `debug`, `info`, `warn`, `error`, `fatal`. */
  severity: z.enum(['debug', 'info', 'warn', 'error', 'fatal']).optional(),
  where: where.optional(),
});

/** Error events (exceptions) of a project or service. */
const errorSource = z.strictObject({
  type: z.literal('errors'),
  service: name.optional(),
  level: z.enum(['warning', 'error', 'fatal']).optional(),
  /** Only those that nobody caught. */
  unhandled: z.boolean().optional(),
});

/** What Belay's SDK counts: units, failed units, durations and tracked values. */
const outcomeSource = z.strictObject({
  type: z.literal('outcomes'),
  service: name.optional(),
  flag: name.optional(),
  /** A tracked value, such as `cost`. */
  value: name.optional(),
});

/** A SELECT on Belay's tables with the columns `time` and `value`; `{from:DateTime}` and `{to:DateTime}` bound it. */
const sqlSource = z.strictObject({ type: z.literal('sql'), query: z.string().min(10).max(10_000) });

/** PromQL asked of another Prometheus, whose address must be in `signal_settings.prometheus`. */
const prometheusSource = z.strictObject({
  type: z.literal('prometheus'),
  url: z.url().max(500),
  query: z.string().min(1).max(4000),
});

/** Where a signal's number comes from. */
export const signalSource = z.discriminatedUnion('type', [
  metricSource,
  spanSource,
  logSource,
  errorSource,
  outcomeSource,
  sqlSource,
  prometheusSource,
]);
export type SignalSource = z.infer<typeof signalSource>;

/** A signal as written in belay.yaml under `signals:` or sent to the API. */
export const signalInput = z.strictObject({
  title: z.string().trim().min(1).max(120).optional(),
  /** The service it belongs to; the source's service when left out. */
  service: name.optional(),
  kind: signalKind,
  from: signalSource,
  /** Of kind `quantile`. */
  quantile: z.number().gt(0).lt(1).optional(),
  /** `%` for ratios, `ms` for durations; else free text such as `USD`, `MB`, `/min`. */
  unit: z.string().max(16).optional(),
  good: goodDirection.optional(),
  owner: z.string().trim().min(1).max(80).optional(),
  dimension: signalDimension,
  /** What you promise. */
  target: limitValue.optional(),
  /** Where somebody should look; stricter than `critical`. */
  warning: limitValue.optional(),
  /** Where it is broken. */
  critical: limitValue.optional(),
  /** Share of time (or of events, for ratios) in which the target holds. Default `99%`; not for ratios. */
  objective: percentText.optional(),
  /** Deviation from the usual that nobody wants to hear of. Default `2%`. */
  tolerance: percentText.optional(),
  /** Whether a deviation from the usual raises an alarm. Default true. */
  alarm: z.boolean().optional(),
});
export type SignalInput = z.infer<typeof signalInput>;

/** `signals:` and `signal_settings:` of belay.yaml. */
export const signalsConfig = {
  signals: z.record(signalId, signalInput).optional(),
  signal_settings: z
    .strictObject({
      /** Signals that appear by themselves for each service seen. Default true. */
      starter: z.boolean().optional(),
      /** Origins of outside Prometheus servers that signals may ask, e.g. `http://prometheus:9090`. Default none. */
      prometheus: z.array(z.url()).max(20).optional(),
      /** Tolerated deviation of signals that name none. Default `2%`. */
      tolerance: percentText.optional(),
    })
    .optional(),
};
