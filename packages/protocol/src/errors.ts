import { z } from 'zod';
import { page, pageQuery, timestamp } from './primitives.ts';
import { ledgerEntry } from './rollout.ts';

/** `regressed`: it was resolved and came back. */
export const issueState = z.enum(['unresolved', 'regressed', 'resolved', 'ignored']);
export type IssueState = z.infer<typeof issueState>;

export const issueLevel = z.enum(['fatal', 'error', 'warning', 'info', 'debug']);
export type IssueLevel = z.infer<typeof issueLevel>;

/** How sure a statement is, in the words of the screens. */
export const certainty = z.enum(['sure', 'likely', 'cannot-tell']);
export type Certainty = z.infer<typeof certainty>;

/** Where an error comes from, after source maps: the innermost frame of the app's own code. */
export const culprit = z.object({
  function: z.string().nullable(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
});
export type Culprit = z.infer<typeof culprit>;

/** Events per step; the first step begins at `from`. */
export const sparkline = z.object({ from: timestamp, stepMs: z.number().int(), counts: z.array(z.number()) });
export type Sparkline = z.infer<typeof sparkline>;

/** More than the issue's own past lets expect. */
export const issueSpike = z.object({
  /** Events in the last hour, and what its own past lets expect there. */
  seen: z.number(),
  expected: z.number(),
  since: timestamp,
  /** `240 in the last hour; 3 are usual.` */
  sentence: z.string(),
});
export type IssueSpike = z.infer<typeof issueSpike>;

/** An error of a running change that only the new path has. */
export const newPathError = z.object({
  issueId: z.string(),
  title: z.string(),
  type: z.string(),
  culprit: culprit.nullable(),
  rolloutId: z.string(),
  flagKey: z.string(),
  newVariant: z.string(),
  oldVariant: z.string(),
  newCount: z.number(),
  oldCount: z.number(),
  newUsers: z.number(),
  firstSeen: timestamp,
  lastSeen: timestamp,
  certainty,
  /** Chance of this split, or one further to the new path, if both paths had it equally often; null when traffic is not known. */
  chance: z.number().nullable(),
  /** `Only on the new path: 12 there, 0 on the old path.` */
  sentence: z.string(),
});
export type NewPathError = z.infer<typeof newPathError>;

export const issueSummary = z.object({
  id: z.string(),
  /** Counts issues from 1, for people. */
  number: z.number().int(),
  /** `TypeError: Cannot read properties of undefined (reading 'total')`. */
  title: z.string(),
  type: z.string(),
  value: z.string(),
  level: issueLevel,
  culprit: culprit.nullable(),
  /** The service with the most events in the range; `services` has all. */
  service: z.string(),
  services: z.array(z.string()),
  platform: z.string(),
  /** `false`: it ended a request or process. */
  handled: z.boolean().nullable(),
  /** Ever, not only in the range. */
  firstSeen: timestamp,
  lastSeen: timestamp,
  /** In the range; `eventsTotal` ever. Weighted where telemetry is sampled. */
  events: z.number(),
  eventsTotal: z.number(),
  /** Different users in the range, by a salted hash; 0 when events name none. */
  users: z.number(),
  sparkline,
  state: issueState,
  /** `Resolved in 1.4.2 by Ada`, `Ignored until 100 more events` ...; empty when unresolved. */
  stateSentence: z.string(),
  isNew: z.boolean(),
  spike: issueSpike.nullable(),
  onlyOnNewPath: newPathError.nullable(),
  /** First and last release that has it; empty when events name none. */
  firstRelease: z.string(),
  lastRelease: z.string(),
  assignee: z.string().nullable(),
});
export type IssueSummary = z.infer<typeof issueSummary>;

export const issueSort = z.enum(['last-seen', 'first-seen', 'events', 'users', 'trend']);

/** Half-open range in Unix milliseconds; the last 24 hours when absent. */
const range = z.object({
  from: z.coerce.number().int().nonnegative().optional(),
  to: z.coerce.number().int().nonnegative().optional(),
});

const issueFilter = range.extend({
  service: z.string().max(256).optional(),
  environment: z.string().max(256).optional(),
  release: z.string().max(256).optional(),
  /** Only errors first seen (or come back) since this change: an id of a rollout or of the ledger. */
  since: z.string().max(128).optional(),
  level: issueLevel.optional(),
  /** In title, message, file, function and the frames of the stack. */
  search: z.string().max(200).optional(),
});

export const issueListQuery = pageQuery.extend(issueFilter.shape).extend({
  /** `open` is unresolved and regressed. */
  state: z.enum(['open', 'all', ...issueState.options]).default('open'),
  sort: issueSort.default('last-seen'),
  /** Only what stands out: new, spiking, or only on the new path. */
  only: z.enum(['new', 'spiking', 'new-path']).optional(),
  assignee: z.string().max(128).optional(),
});
export type IssueListQuery = z.infer<typeof issueListQuery>;
export const issuePage = page(issueSummary).extend({ total: z.number().int() });
export type IssuePage = z.infer<typeof issuePage>;

export const issueCountsQuery = issueFilter;
/** Numbers over the list, and the chart above it. */
export const issueCounts = z.object({
  from: timestamp,
  to: timestamp,
  events: z.number(),
  users: z.number(),
  open: z.number().int(),
  new: z.number().int(),
  regressed: z.number().int(),
  spiking: z.number().int(),
  stepMs: z.number().int(),
  points: z.array(z.object({ at: timestamp, events: z.number() })),
  services: z.array(z.object({ service: z.string(), events: z.number(), issues: z.number().int() })),
  environments: z.array(z.string()),
  releases: z.array(z.string()),
  /** Changes in the range, as marks of the chart. */
  marks: z.array(z.object({ at: timestamp, label: z.string(), rolloutId: z.string().nullable() })),
});
export type IssueCounts = z.infer<typeof issueCounts>;

export const stackFrame = z.object({
  function: z.string().nullable(),
  module: z.string().nullable(),
  file: z.string().nullable(),
  line: z.number().int().nullable(),
  column: z.number().int().nullable(),
  inApp: z.boolean(),
  /** Lines around `line`, when the SDK or a source map knows them. `first` is the number of the first line. */
  context: z.object({ first: z.number().int(), lines: z.array(z.string()) }).nullable(),
  /** Where it stood in the bundle, when a source map moved it. */
  minified: z
    .object({
      file: z.string().nullable(),
      line: z.number().int().nullable(),
      column: z.number().int().nullable(),
    })
    .nullable(),
});
export type StackFrame = z.infer<typeof stackFrame>;

/** One of a chain of exceptions. */
export const exceptionView = z.object({
  type: z.string(),
  value: z.string(),
  module: z.string().nullable(),
  mechanism: z.string().nullable(),
  handled: z.boolean().nullable(),
  /** Innermost call first. */
  frames: z.array(stackFrame),
});
export type ExceptionView = z.infer<typeof exceptionView>;

export const breadcrumb = z.object({
  at: timestamp.nullable(),
  category: z.string(),
  type: z.string(),
  level: z.string(),
  message: z.string(),
  data: z.record(z.string(), z.string()),
});
export type Breadcrumb = z.infer<typeof breadcrumb>;

export const errorEventSummary = z.object({
  eventId: z.string(),
  at: timestamp,
  title: z.string(),
  level: issueLevel,
  service: z.string(),
  instance: z.string(),
  environment: z.string(),
  release: z.string(),
  transaction: z.string(),
  /** A short salted hash; null when the event names no user. */
  user: z.string().nullable(),
  traceId: z.string().nullable(),
  spanId: z.string().nullable(),
  flagKey: z.string().nullable(),
  variant: z.string().nullable(),
  rolloutId: z.string().nullable(),
});
export type ErrorEventSummary = z.infer<typeof errorEventSummary>;

export const errorEventView = errorEventSummary.extend({
  issueId: z.string(),
  platform: z.string(),
  sdk: z.string(),
  handled: z.boolean().nullable(),
  message: z.string(),
  /** What was thrown first, then its causes. */
  exceptions: z.array(exceptionView),
  /** Oldest first. */
  breadcrumbs: z.array(breadcrumb),
  tags: z.record(z.string(), z.string()),
  /** Facts about device, runtime, request ... by group, as text. */
  contexts: z.record(z.string(), z.record(z.string(), z.string())),
  flags: z.array(z.object({ key: z.string(), variant: z.string() })),
  /** Why frames are still minified, and what to do; null when nothing is. */
  sourceMapNote: z.string().nullable(),
});
export type ErrorEventView = z.infer<typeof errorEventView>;

const valueCount = z.object({ value: z.string(), events: z.number() });

export const issueAction = z.enum([
  'resolve',
  'resolve-next-release',
  'ignore',
  'reopen',
  'assign',
  'merge',
  'unmerge',
]);
export type IssueAction = z.infer<typeof issueAction>;

export const issueDetail = issueSummary.extend({
  /** Null when the events themselves have expired. */
  latest: errorEventView.nullable(),
  /** Top values, most frequent first. */
  tags: z.array(z.object({ key: z.string(), values: z.array(valueCount) })),
  /** By flag variant, with units of traffic where they are known. */
  variants: z.array(
    z.object({
      flagKey: z.string(),
      variant: z.string(),
      events: z.number(),
      users: z.number(),
      units: z.number().nullable(),
    }),
  ),
  releases: z.array(z.object({ release: z.string(), events: z.number(), firstSeen: timestamp, lastSeen: timestamp })),
  /** Newest first. */
  traces: z.array(z.object({ traceId: z.string(), at: timestamp })),
  similar: z.array(z.object({ id: z.string(), title: z.string(), events: z.number(), why: z.string() })),
  /** Other issues that were merged into this one. */
  merged: z.array(z.object({ key: z.string(), title: z.string() })),
  feedback: z.array(z.object({ at: timestamp, name: z.string(), message: z.string() })),
  happened: z.array(ledgerEntry),
  allowed: z.array(issueAction),
  /** What made these events one issue, in words. */
  grouping: z.string(),
});
export type IssueDetail = z.infer<typeof issueDetail>;

export const issueEventsQuery = pageQuery.extend(range.shape);
export const issueEventPage = page(errorEventSummary);

/** What to do with an issue. */
export const issueAct = z.discriminatedUnion('action', [
  z.object({ action: z.literal('resolve'), reason: z.string().trim().max(1000).optional() }),
  z.object({ action: z.literal('resolve-next-release'), reason: z.string().trim().max(1000).optional() }),
  z.object({
    action: z.literal('ignore'),
    /** Until this time, this many more events, or this many more users; for good when none is given. */
    until: timestamp.optional(),
    events: z.number().int().min(1).max(1_000_000_000).optional(),
    users: z.number().int().min(1).max(1_000_000_000).optional(),
    reason: z.string().trim().max(1000).optional(),
  }),
  z.object({ action: z.literal('reopen'), reason: z.string().trim().max(1000).optional() }),
  z.object({ action: z.literal('assign'), assignee: z.string().trim().max(128).nullable() }),
  /** Into the issue of the address; `issue` ceases to stand alone. */
  z.object({ action: z.literal('merge'), issue: z.string().max(64) }),
  z.object({ action: z.literal('unmerge'), key: z.string().max(64) }),
]);
export type IssueAct = z.infer<typeof issueAct>;

/** Errors that only the new path of a change has. */
export const newErrors = z.object({
  rolloutId: z.string(),
  flagKey: z.string(),
  newVariant: z.string(),
  oldVariant: z.string(),
  from: timestamp,
  to: timestamp,
  /** Units of traffic of each path in that time. */
  newUnits: z.number(),
  oldUnits: z.number(),
  /** `Only on the new path: 2 errors` or `No error that the old path does not have.` */
  sentence: z.string(),
  items: z.array(newPathError),
});
export type NewErrors = z.infer<typeof newErrors>;

/** One map of one bundle; uploading the same again changes nothing. */
export const sourceMapUpload = z.object({
  release: z.string().trim().min(1).max(250).optional(),
  /** Address or path of the bundle, e.g. `~/assets/index-4fe2.js` or `dist/server.js`. */
  file: z.string().trim().min(1).max(1024),
  debugId: z
    .string()
    .regex(/^[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}$/, 'write a UUID')
    .optional(),
  /** The source map, gzip, base64. */
  map: z.base64(),
});
export type SourceMapUpload = z.infer<typeof sourceMapUpload>;

export const sourceMapView = z.object({
  id: z.string(),
  release: z.string().nullable(),
  file: z.string(),
  debugId: z.string().nullable(),
  bytes: z.number().int(),
  sources: z.number().int(),
  uploadedAt: timestamp,
  lastUsedAt: timestamp.nullable(),
});
export type SourceMapView = z.infer<typeof sourceMapView>;

/** A project of Sentry SDKs: its key is public by design and may do nothing but send. */
export const sentryKeyCreate = z.object({
  /** Name of the service that events without a service name belong to. */
  service: z.string().trim().min(1).max(128),
});
export const sentryKeyView = z.object({
  id: z.string(),
  project: z.number().int(),
  service: z.string(),
  hint: z.string(),
  createdAt: timestamp,
  lastUsedAt: timestamp.nullable(),
});
export type SentryKeyView = z.infer<typeof sentryKeyView>;
/** The DSN is shown once. */
export const sentryKeyCreated = sentryKeyView.extend({ dsn: z.string() });
export type SentryKeyCreated = z.infer<typeof sentryKeyCreated>;
