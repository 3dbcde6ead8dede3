import { z } from 'zod';
import { exploreRange, fieldFilters, traceId } from './explore-range.ts';
import { pageQuery, shareOfUnits, timestamp } from './primitives.ts';

/** Levels of a log line, as OpenTelemetry ranges its severity numbers: trace 1-4, debug 5-8, ... fatal 21-24. */
export const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']);
export type LogLevel = z.infer<typeof logLevel>;

const name = z.string().min(1).max(1024);
const attributes = z.record(z.string(), z.string());

/** Which lines: the query language (docs/reference/log-query.md) and short forms of its most used parts. */
export const logFilter = z.object({
  q: z.string().max(4096).default('').meta({ description: 'Query, e.g. `timeout -retry level:warn http.route:/cart`' }),
  service: name.optional(),
  level: logLevel.optional().meta({ description: 'This level or a more severe one' }),
  trace: traceId.optional(),
  field: fieldFilters.optional(),
});
export type LogFilter = z.infer<typeof logFilter>;

export const logQuery = logFilter.extend(exploreRange.shape);
export const logListQuery = logQuery.extend(pageQuery.shape);

/** One stored log record. */
export const logLine = z.object({
  /** Names the line in links and for its context. */
  id: z.string(),
  at: timestamp,
  /** Unix time in nanoseconds, as text because it exceeds a double. */
  atNs: z.string(),
  service: z.string(),
  instance: z.string(),
  version: z.string(),
  environment: z.string(),
  /** OpenTelemetry severity number, 0 (unknown) to 24. */
  severity: z.number().int().min(0).max(24),
  /** Level of the severity number; null when the sender gave none. */
  level: logLevel.nullable(),
  /** As the sender wrote it, e.g. `WARNING`. */
  severityText: z.string(),
  scope: z.string(),
  eventName: z.string(),
  body: z.string(),
  /** How many characters of the body are left out here; GET the line for all of it. */
  bodyRest: z.number().int().nonnegative(),
  attributes,
  traceId: z.string().nullable(),
  spanId: z.string().nullable(),
  flagKey: z.string(),
  variant: z.string(),
  /** Pattern of the body; `pattern:<id>` in a query finds lines alike. */
  pattern: z.string(),
});
export type LogLine = z.infer<typeof logLine>;

/** A line in full, with what is known of its sender. */
export const logDetail = logLine.extend({ resource: attributes });
export type LogDetail = z.infer<typeof logDetail>;

/** Lines per level; `unknown` has no severity. Counts are weighted where the archive keeps a sample. */
export const levelCounts = z.object({
  unknown: z.number(),
  trace: z.number(),
  debug: z.number(),
  info: z.number(),
  warn: z.number(),
  error: z.number(),
  fatal: z.number(),
});
export type LevelCounts = z.infer<typeof levelCounts>;

export const logHistogramQuery = logQuery.extend({
  steps: z.coerce.number().int().min(1).max(500).default(60).meta({ description: 'About how many steps' }),
});

/** Lines over time; every step of the range has a point. */
export const logHistogram = z.object({
  from: timestamp,
  to: timestamp,
  stepMs: z.number().int().positive(),
  total: z.number(),
  levels: levelCounts,
  points: z.array(z.object({ at: timestamp, levels: levelCounts })),
});
export type LogHistogram = z.infer<typeof logHistogram>;

export const logPatternsQuery = logQuery.extend({ limit: z.coerce.number().int().min(1).max(200).default(50) });

/** Lines that differ only in numbers, ids and names. */
export const logPattern = z.object({
  id: z.string(),
  /** The common text; `<num>`, `<id>`, `<str>` and `<*>` stand for what varies. */
  template: z.string(),
  /** Finds these lines: a query such as `pattern:1f00aa...,77e0...`. */
  query: z.string(),
  count: z.number(),
  share: shareOfUnits,
  levels: levelCounts,
  services: z.array(z.string()),
  firstAt: timestamp,
  lastAt: timestamp,
  /** One of the lines, shortened. */
  sample: z.string(),
  /** Against the time of the same length before the range. */
  trend: z.object({
    /** `new`: none before; `gone`: none now; `more` and `less`: beyond chance and by half at least. */
    kind: z.enum(['new', 'gone', 'more', 'less', 'same']),
    before: z.number(),
  }),
});
export type LogPattern = z.infer<typeof logPattern>;

export const logPatterns = z.object({
  /** Most frequent first; patterns that are gone stand last. */
  items: z.array(logPattern),
  total: z.number(),
  /** Patterns left out by the limit, and the lines they have. */
  rest: z.object({ patterns: z.number().int(), count: z.number() }),
  /** What part of the lines was looked at; 1 unless there are too many. */
  sampled: shareOfUnits,
});
export type LogPatterns = z.infer<typeof logPatterns>;

export const logFieldsQuery = logQuery.extend({
  prefix: z.string().max(256).optional().meta({ description: 'Names that contain this text' }),
  name: z.string().max(1024).optional().meta({ description: 'Values of this field alone' }),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** Attribute names in the range and their most frequent values. */
export const logFields = z.object({
  items: z.array(
    z.object({
      name: z.string(),
      /** Lines that carry it. */
      count: z.number(),
      /** About how many different values. */
      distinct: z.number(),
      values: z.array(z.object({ value: z.string(), count: z.number() })),
    }),
  ),
  /** What part of the lines was looked at; 1 unless there are too many. */
  sampled: shareOfUnits,
});
export type LogFields = z.infer<typeof logFields>;

const around = z.coerce.number().int().min(0).max(200).default(20);
export const logContextQuery = z.object({
  line: z.string().max(64),
  before: around,
  after: around,
  same: z
    .enum(['instance', 'service', 'trace'])
    .default('instance')
    .meta({ description: 'Lines of the same instance, the same service, or the same trace' }),
});

/** Lines around a line, in the order of time. */
export const logContext = z.object({ before: z.array(logLine), line: logLine, after: z.array(logLine) });
export type LogContext = z.infer<typeof logContext>;

/**
 * What `GET /api/v1/logs/tail` carries (SSE). Lines come in blocks of a second of arrival; the id of an event names the
 * block, and `Last-Event-ID` resumes after it. `missed` tells lines that were left out: the reader was too slow
 * (`slow`), a second had more than a reader is sent (`burst`), or it came back too late (`gap`).
 */
export const logTailEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('lines'), lines: z.array(logLine) }),
  z.object({ type: z.literal('missed'), count: z.number().int(), reason: z.enum(['slow', 'burst', 'gap']) }),
  z.object({ type: z.literal('heartbeat'), at: timestamp }),
]);
export type LogTailEvent = z.infer<typeof logTailEvent>;
