import { z } from 'zod';
import { durationMs, page, timestamp } from './primitives.ts';
import { tone } from './rollout.ts';

const name = z.string().min(1).max(120);
const sentence = z.string().max(2000);
const count = z.number().int().nonnegative();

/** `health`: what an SDK checks in its process; `probe`: a golden path; `dead-man`: whether somebody still reports. */
export const checkKind = z.enum(['health', 'probe', 'dead-man']);
export type CheckKind = z.infer<typeof checkKind>;

/** What one run of a check found. */
export const checkOutcome = z.enum(['pass', 'warn', 'fail']);
export type CheckOutcome = z.infer<typeof checkOutcome>;

/** What a check is held to be: single failures do not count, `silent` is not heard of any more. */
export const checkStatus = z.enum(['down', 'flapping', 'failing', 'silent', 'warn', 'pending', 'up']);
export type CheckStatusView = z.infer<typeof checkStatus>;

/** One check as a process reports it. */
export const reportedCheck = z.strictObject({
  /** Stable within the service, e.g. `database` or `disk./data`. */
  name,
  title: z.string().min(1).max(200).optional(),
  outcome: checkOutcome,
  /** Whether the service cannot work without it. */
  critical: z.boolean().default(false),
  /** Stable word for what is wrong, e.g. `connection-refused`; one message is sent per check and cause. */
  cause: z.string().min(1).max(80).nullable().default(null),
  /** What was seen, in a sentence. */
  text: sentence.default(''),
  /** What to do about it. */
  mend: sentence.nullable().default(null),
  durationMs: z.number().min(0).max(3_600_000).default(0),
  /** What was measured, with its unit. */
  value: z.number().finite().nullable().default(null),
  unit: z.string().max(16).nullable().default(null),
  /** Names of checks (of this service, or `service/name`) without which this one cannot work. */
  dependsOn: z.array(z.string().min(1).max(240)).max(20).default([]),
});
export type ReportedCheck = z.infer<typeof reportedCheck>;

/** What a process says of itself: at its start, from time to time, and when it ends on purpose. */
export const checkReport = z.strictObject({
  kind: z.enum(['startup', 'periodic', 'leaving']),
  service: name,
  instance: name,
  version: z.string().max(200).nullable().default(null),
  /** How often a report comes; silence is measured by it. */
  everyMs: z.number().int().min(1000).max(86_400_000).default(300_000),
  checks: z.array(reportedCheck).max(200).default([]),
});
export type CheckReport = z.infer<typeof checkReport>;

export const checkView = z.object({
  /** Stable, for addresses. */
  id: z.string(),
  kind: checkKind,
  service: z.string(),
  /** Empty for checks that are not of one process. */
  instance: z.string(),
  name: z.string(),
  title: z.string(),
  status: checkStatus,
  word: z.string(),
  tone,
  /** Since when the status holds. */
  since: timestamp,
  lastAt: timestamp,
  lastOutcome: checkOutcome,
  critical: z.boolean(),
  cause: z.string().nullable(),
  /** What the last run saw. */
  text: z.string(),
  mend: z.string().nullable(),
  value: z.number().nullable(),
  unit: z.string().nullable(),
  durationMs: z.number(),
  everyMs: durationMs,
  dependsOn: z.array(z.string()),
  /** Title of the check whose trouble explains this one. */
  mutedBy: z.string().nullable(),
  /** Latest runs, oldest first: `P` passed, `F` failed. */
  recent: z.string(),
});
export type CheckView = z.infer<typeof checkView>;

/** How many checks there are of each status. */
export const checkCounts = z.record(checkStatus, count);

/** One page of checks, failing first, with the counts of all that match. */
export const checkPage = page(checkView).extend({ counts: checkCounts, total: count, headline: z.string(), tone });

/** One step of a golden path as it ran. */
export const probeStepResult = z.object({
  name: z.string(),
  type: z.string(),
  outcome: z.enum(['pass', 'fail', 'skipped']),
  durationMs: z.number(),
  text: z.string(),
});
export type ProbeStepResult = z.infer<typeof probeStepResult>;

/** One run of a golden path. */
export const probeResult = z.object({
  name: z.string(),
  ok: z.boolean(),
  at: timestamp,
  durationMs: z.number(),
  cause: z.string().nullable(),
  sentence: z.string(),
  mend: z.string().nullable(),
  steps: z.array(probeStepResult),
  /** Days until the nearest certificate met on the way ends; null where there was none. */
  certificateDays: z.number().nullable(),
});
export type ProbeResult = z.infer<typeof probeResult>;

export const checkDetail = checkView.extend({
  /** Share of runs that passed in the last 24 hours, 0 to 1; null without any. */
  passing: z.number().nullable(),
  /** The signal that it feeds. */
  signalId: z.string().nullable(),
  /** The last run of a golden path. */
  run: probeResult.nullable(),
});
export type CheckDetail = z.infer<typeof checkDetail>;

export const checkHistory = z.object({
  id: z.string(),
  from: timestamp,
  to: timestamp,
  /** Whole hours that have runs, oldest first. */
  hours: z.array(z.object({ at: timestamp, passed: count, failed: count, meanMs: z.number() })),
  /** Changes of the status, newest first; at most 200. */
  changes: z.array(
    z.object({ at: timestamp, status: checkStatus, cause: z.string().nullable(), text: z.string(), tone }),
  ),
});
export type CheckHistory = z.infer<typeof checkHistory>;

/** One cause of trouble: what people were told, once. */
export const checkIncident = z.object({
  id: z.string(),
  /** Check and cause: messages with the same key are one matter. */
  key: z.string(),
  cause: z.string(),
  sentence: z.string(),
  tone,
  state: z.enum(['waiting', 'muted', 'down', 'flapping', 'ended']),
  openedAt: timestamp,
  toldAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
  reminders: count,
  checkIds: z.array(z.string()),
  /** Title of the check whose trouble explains this one. */
  mutedBy: z.string().nullable(),
});
export type CheckIncidentView = z.infer<typeof checkIncident>;

/** What a process found when it started. */
export const startupReport = z.object({
  id: z.string(),
  service: z.string(),
  instance: z.string(),
  version: z.string().nullable(),
  at: timestamp,
  ok: z.boolean(),
  /** `shop started: 18 checks passed, 1 warning.` */
  sentence: z.string(),
  tone,
  checks: z.array(reportedCheck.required()),
});
export type StartupReportView = z.infer<typeof startupReport>;
