import { z } from 'zod';
import { exploreRange, fieldFilters } from './explore-range.ts';
import { pageQuery, shareOfUnits, timestamp } from './primitives.ts';

const name = z.string().min(1).max(1024);
const milliseconds = z.number().meta({ description: 'Milliseconds, with fractions' });
const attributes = z.record(z.string(), z.string());

/** OpenTelemetry's kinds of a span. */
export const spanKind = z.enum(['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']);
export type SpanKindName = z.infer<typeof spanKind>;

/** Which traces: one span of the trace must match all of it. */
export const traceListQuery = exploreRange.extend({
  ...pageQuery.shape,
  service: name.optional(),
  operation: name.optional(),
  minMs: z.coerce.number().nonnegative().optional(),
  maxMs: z.coerce.number().nonnegative().optional(),
  status: z.enum(['any', 'ok', 'error']).default('any'),
  field: fieldFilters.optional(),
  flag: name.optional().meta({ description: 'A flag that was evaluated in the trace' }),
  variant: name.optional().meta({ description: 'The variant it gave; needs `flag`' }),
  sort: z.enum(['newest', 'slowest']).default('newest'),
});

const flagSeen = z.object({ flagKey: z.string(), variant: z.string() });

/** One row of a list of traces. */
export const traceSummary = z.object({
  traceId: z.string(),
  startAt: timestamp,
  /** From the start of its first span to the end of its last one. */
  durationMs: milliseconds,
  /** The span without parent; of the earliest span when that one is missing. */
  rootService: z.string(),
  rootOperation: z.string(),
  /** False when the root was not stored (yet). */
  hasRoot: z.boolean(),
  services: z.array(z.string()),
  spans: z.number().int(),
  errors: z.number().int(),
  flags: z.array(flagSeen),
});
export type TraceSummary = z.infer<typeof traceSummary>;

export const traceSpan = z.object({
  spanId: z.string(),
  /** As sent; null for a root. */
  parentId: z.string().nullable(),
  /** Depth in the tree shown, 0 for its roots. */
  depth: z.number().int().nonnegative(),
  /** Spans directly below this one. */
  children: z.number().int().nonnegative(),
  service: z.string(),
  instance: z.string(),
  version: z.string(),
  environment: z.string(),
  scope: z.string(),
  name: z.string(),
  kind: spanKind,
  /** Since the start of the trace, with the clock corrected by `skewMs`. */
  startMs: milliseconds,
  durationMs: milliseconds,
  /** Time in which no child runs. */
  selfMs: milliseconds,
  /** How far this service's clock was shifted to fit into its caller; 0 without correction. */
  skewMs: milliseconds,
  /** Start as sent, Unix nanoseconds, as text because it exceeds a double. */
  startNs: z.string(),
  status: z.enum(['unset', 'ok', 'error']),
  statusMessage: z.string(),
  isError: z.boolean(),
  httpStatus: z.number().int().nullable(),
  route: z.string(),
  flagKey: z.string(),
  variant: z.string(),
  attributes,
  events: z.array(z.object({ startMs: milliseconds, name: z.string(), attributes })),
  links: z.array(z.object({ traceId: z.string(), spanId: z.string() })),
  /** Why it stands where it stands. */
  placed: z.enum(['child', 'root', 'missing-parent', 'cycle', 'duplicate']),
});
export type TraceSpan = z.infer<typeof traceSpan>;

/** A trace as a waterfall: spans in the order to draw them, parents before their children. */
export const traceView = z.object({
  traceId: z.string(),
  startAt: timestamp,
  durationMs: milliseconds,
  services: z.array(z.string()),
  errors: z.number().int(),
  /** Spans stored; `spans` carries fewer when there are too many. */
  total: z.number().int(),
  spans: z.array(traceSpan),
  /** Log lines of the trace; `GET /api/v1/logs?trace=` lists them. */
  logs: z.number().int(),
  /** Issues of the Errors page that came up in the trace. */
  issues: z.array(z.object({ issueId: z.string(), title: z.string(), spanId: z.string().nullable() })),
  flags: z.array(flagSeen),
  /** What is not as it should be, a sentence each: missing parents, clocks apart, spans left out. */
  notes: z.array(z.string()),
});
export type TraceView = z.infer<typeof traceView>;

export const operationListQuery = exploreRange.extend({
  ...pageQuery.shape,
  service: name.optional(),
  kind: z
    .enum(['units', 'calls', 'all'])
    .default('units')
    .meta({ description: 'Requests, messages and jobs served; calls made to others; or every span' }),
  sort: z.enum(['requests', 'errors', 'p95', 'time', 'change']).default('requests'),
});

const operationFigures = z.object({
  /** Weighted where the archive keeps a sample. */
  requests: z.number(),
  ratePerSecond: z.number(),
  errors: z.number(),
  errorRatio: shareOfUnits,
  p50Ms: milliseconds,
  p95Ms: milliseconds,
  p99Ms: milliseconds,
});

/** How an operation of a service does, and did in the time of the same length before. */
export const operationView = operationFigures.extend({
  service: z.string(),
  operation: z.string(),
  kind: spanKind,
  /** Sum of the durations, ms: where time goes. */
  totalMs: milliseconds,
  before: operationFigures.nullable(),
});
export type OperationView = z.infer<typeof operationView>;

export const serviceMapQuery = exploreRange.extend({
  service: name.optional().meta({ description: 'This service, who calls it and what it calls' }),
});

const flowFigures = z.object({
  requests: z.number(),
  ratePerSecond: z.number(),
  errors: z.number(),
  errorRatio: shareOfUnits,
  p95Ms: milliseconds,
});

/** Services and what they call. */
export const serviceMap = z.object({
  nodes: z.array(
    flowFigures.extend({
      id: z.string(),
      name: z.string(),
      kind: z.enum(['service', 'database', 'queue', 'external']),
      /** `postgresql`, `kafka` ...; empty for services. */
      system: z.string(),
    }),
  ),
  /** `from` calls `to`; figures as the caller sees them where it tells, otherwise as the callee does. */
  edges: z.array(flowFigures.extend({ from: z.string(), to: z.string() })),
  /** What part of the traces was looked at; 1 unless there are too many. */
  sampled: shareOfUnits,
  /** Nodes and edges left out beyond the bounds of the answer. */
  rest: z.number().int(),
});
export type ServiceMap = z.infer<typeof serviceMap>;

export const queryPatternListQuery = exploreRange.extend({
  service: name.optional(),
  operation: name.optional().meta({ description: 'The endpoint that runs the statements' }),
  sort: z.enum(['time', 'calls', 'slowest', 'n-plus-one']).default('time'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** A database statement as one endpoint uses it. */
export const queryPattern = z.object({
  service: z.string(),
  /** The request, message or job that runs it; empty outside of one. */
  operation: z.string(),
  /** `postgresql`, `mysql`, `redis` ... */
  system: z.string(),
  /** With literals replaced by `?`. */
  statement: z.string(),
  calls: z.number(),
  errors: z.number(),
  p50Ms: milliseconds,
  p95Ms: milliseconds,
  maxMs: milliseconds,
  totalMs: milliseconds,
  /** Part of the endpoint's own time, 0 to 1; null outside of a request. */
  shareOfRequest: z.number().nullable(),
  /** Runs in one request: middle and most; over the requests that run it at all. */
  callsPerRequest: z.object({ p50: z.number(), p95: z.number(), max: z.number() }),
  /** Requests that run it. */
  requests: z.number(),
  /** Set where many requests repeat the statement one after the other below the same parent. */
  nPlusOne: z
    .object({
      sentence: z.string(),
      /** Requests that repeat it. */
      requests: z.number(),
      /** What the repetitions cost such a request, ms. */
      costMs: milliseconds,
    })
    .nullable(),
  /** Traces to look at: the ones with the most repetitions, then the slowest. */
  evidence: z.array(z.object({ traceId: z.string(), calls: z.number().int(), ms: milliseconds })),
});
export type QueryPattern = z.infer<typeof queryPattern>;

export const queryPatternList = z.object({
  items: z.array(queryPattern),
  /** What part of the traces was looked at; 1 unless there are too many. */
  sampled: shareOfUnits,
});
export type QueryPatternList = z.infer<typeof queryPatternList>;

export const traceCompareQuery = exploreRange.extend({
  rollout: z.string().max(128).optional().meta({ description: 'Id of a rollout; otherwise `flag` and both variants' }),
  flag: name.optional(),
  canary: name.optional(),
  control: name.optional(),
});

const comparedSide = z.object({
  /** Requests looked at. */
  requests: z.number().int(),
  errors: z.number().int(),
  p50Ms: milliseconds,
  p95Ms: milliseconds,
  /** Traces to look at: errors first, then the slowest, then typical ones. */
  exemplars: z.array(
    z.object({ traceId: z.string(), at: timestamp, ms: milliseconds, why: z.enum(['error', 'slow', 'typical']) }),
  ),
});

const comparedStep = z.object({
  service: z.string(),
  operation: z.string(),
  kind: spanKind,
  canary: z.object({ callsPerRequest: z.number(), msPerRequest: milliseconds, errors: z.number(), traces: z.number() }),
  control: z.object({
    callsPerRequest: z.number(),
    msPerRequest: milliseconds,
    errors: z.number(),
    traces: z.number(),
  }),
  /** Own time per request, canary minus control. */
  differenceMs: milliseconds,
  /** `new`: control never has it; `gone`: canary never has it. */
  presence: z.enum(['both', 'new', 'gone']),
  /** A trace that shows it, of the canary where there is one. */
  traceId: z.string(),
});
export type ComparedStep = z.infer<typeof comparedStep>;

/** Where requests of the new path spend their time, against those of the old one. */
export const traceComparison = z.object({
  flagKey: z.string(),
  canaryVariant: z.string(),
  controlVariant: z.string(),
  from: timestamp,
  to: timestamp,
  /** The finding in one sentence. */
  sentence: z.string(),
  canary: comparedSide,
  control: comparedSide,
  /** Spans by service, operation and kind; the largest difference first. */
  steps: z.array(comparedStep),
  /** Own time per request by kind of work. */
  kinds: z.array(
    z.object({
      kind: z.enum(['own work', 'database', 'queue', 'calls to others']),
      canaryMs: milliseconds,
      controlMs: milliseconds,
    }),
  ),
  /** Errors by what they say. */
  errors: z.array(
    z.object({
      service: z.string(),
      operation: z.string(),
      message: z.string(),
      canary: z.number().int(),
      control: z.number().int(),
      traceId: z.string(),
    }),
  ),
  /** What part of each side's requests was looked at. */
  sampled: z.object({ canary: shareOfUnits, control: shareOfUnits }),
});
export type TraceComparison = z.infer<typeof traceComparison>;
