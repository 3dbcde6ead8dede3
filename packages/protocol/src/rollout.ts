import { z } from 'zod';
import { actor, durationMs, shareOfUnits, timestamp } from './primitives.ts';

/** What a state allows; the same table decides in server, CLI and dashboard. */
export const rolloutAction = z.enum([
  'start',
  'hold',
  'resume',
  'approve',
  'promote',
  'rollback',
  'cancel',
  'kill',
  'acknowledge',
]);
export type RolloutAction = z.infer<typeof rolloutAction>;

export const rolloutStatus = z.enum(['draft', 'scheduled', 'running', 'held', 'completed', 'rolled-back', 'cancelled']);
export type RolloutStatus = z.infer<typeof rolloutStatus>;

/** Colour and icon family of a sentence; the words always carry the meaning alone. */
export const tone = z.enum(['ok', 'bad', 'wait', 'live', 'none']);
export type Tone = z.infer<typeof tone>;

export const guardVerdict = z.enum(['better', 'not-worse', 'cant-tell', 'worse', 'no-data', 'cant-trust']);
export type GuardVerdictView = z.infer<typeof guardVerdict>;

/** Units a guard's difference is told in: points of a ratio, milliseconds, or percent of the old path's mean. */
export const guardUnit = z.enum(['points', 'ms', 'percent']);
export type GuardUnit = z.infer<typeof guardUnit>;

const interval = z.object({ low: z.number(), high: z.number(), estimate: z.number() });

const sideTotals = z.object({ n: z.number().int(), bad: z.number().int(), mean: z.number().nullable() });

export const guardView = z.object({
  id: z.string(),
  kind: z.enum(['errors', 'latency', 'value', 'count', 'ceiling']),
  /** `Failed requests`, `Response time`, `Cost per request` ... */
  title: z.string(),
  /** `At most 0.74 points higher. Your limit is 1.0.` */
  sentence: z.string(),
  verdict: guardVerdict,
  /** The verdict as the screen words it: `Not worse`, `Worse` ... */
  word: z.string(),
  unit: guardUnit,
  /** New path minus old path in `unit`, valid at every moment; positive is higher, whatever is good. */
  interval: interval.nullable(),
  /** The most it may be worse, in `unit`, always >= 0. */
  limit: z.number(),
  /** The interval on the shared axis: 0 = same as old path, 1 = limit, right is always worse. */
  scaled: interval.nullable(),
  /** Sample towards the minimum, before which nothing is judged. */
  progress: z.object({ have: z.number().int(), need: z.number().int() }).nullable(),
  /** How long "can't tell yet" will last at present traffic; null when unknown or never. */
  etaMs: z.number().nullable(),
  neverDecides: z.boolean(),
  canary: sideTotals,
  control: sideTotals,
  /** Evidence of harm (e-value) and of safety in this stage. */
  harmE: z.number(),
  safeE: z.number(),
});
export type GuardView = z.infer<typeof guardView>;

export const stageView = z.object({
  index: z.number().int(),
  share: shareOfUnits,
  status: z.enum(['done', 'now', 'failed', 'held', 'todo']),
  startedAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
  soakMs: durationMs,
  elapsedMs: durationMs,
  minUnits: z.number().int(),
  canaryUnits: z.number().int(),
  approval: z.enum(['none', 'needed', 'given']),
  sentence: z.string(),
});
export type StageView = z.infer<typeof stageView>;

export const ledgerEntry = z.object({
  id: z.number().int(),
  at: timestamp,
  actor,
  /** Stable name of what happened: `rollout.started`, `rollout.rolled-back`, `flag.updated`, `token.created` ... */
  kind: z.string(),
  /** The sentence every surface prints. */
  sentence: z.string(),
  tone,
  rolloutId: z.string().nullable(),
  flagKey: z.string().nullable(),
  reason: z.string().nullable(),
  details: z.record(z.string(), z.unknown()),
});
export type LedgerEntryView = z.infer<typeof ledgerEntry>;

const harm = z.object({
  /** `Harm so far` or `Harm done`. */
  title: z.string(),
  /** `at most 37` or `about 22`. */
  headline: z.string(),
  /** `failed requests`. */
  unit: z.string(),
  sub: z.string(),
  extraFailures: z.object({ low: z.number(), best: z.number(), high: z.number() }).nullable(),
  /** What shipping to everyone at the start would have cost, `best` of it. */
  ifShipped: z.object({ text: z.string(), value: z.number() }).nullable(),
});

const undo = z.object({
  /** Decision to the last instance's confirmation; null before it was measured. */
  ms: z.number().nullable(),
  instancesConfirmed: z.number().int(),
  instances: z.number().int(),
  measuredAt: timestamp.nullable(),
  leaseMs: durationMs,
  sentence: z.string(),
});

/** One line of a list of rollouts. */
export const rolloutSummary = z.object({
  id: z.string(),
  number: z.number().int(),
  version: z.number().int(),
  title: z.string(),
  flagKey: z.string(),
  component: z.string(),
  controlVariant: z.string(),
  canaryVariant: z.string(),
  status: rolloutStatus,
  /** `Going out`, `Kept`, `Rolled back`, `Stopped by you`, `Held`, `Waiting`, `Draft`. */
  word: z.string(),
  tone,
  /** What is served now: 0 before the start and after a rollback, 1 once kept. */
  share: shareOfUnits,
  /** The largest share that was ever served in this attempt. */
  reached: shareOfUnits,
  attempt: z.number().int(),
  startedBy: actor.nullable(),
  createdAt: timestamp,
  startedAt: timestamp.nullable(),
  endedAt: timestamp.nullable(),
  /** Verdict in one sentence: the same string on every surface. */
  sentence: z.string(),
  extraFailures: z.string().nullable(),
  allowed: z.array(rolloutAction),
});
export type RolloutSummary = z.infer<typeof rolloutSummary>;

/** Everything the rollout page shows. */
export const rolloutView = rolloutSummary.extend({
  profile: z.string(),
  /** First and second line of the verdict banner. */
  verdict: z.object({ tone, headline: z.string(), detail: z.string() }),
  next: z.object({ label: z.string(), what: z.string(), condition: z.string(), at: timestamp.nullable() }).nullable(),
  held: z.object({ code: z.string(), sentence: z.string(), since: timestamp }).nullable(),
  leadingGuard: z.string().nullable(),
  stages: z.array(stageView),
  guards: z.array(guardView),
  tradeOff: z.object({ tone, text: z.string() }).nullable(),
  soundness: z.object({ tone, text: z.string() }),
  harm,
  undo,
  happened: z.array(ledgerEntry),
  /** Policy in words, one sentence each. */
  policy: z.array(z.string()),
  details: z.object({
    seed: z.string(),
    bucketing: z.string(),
    alpha: z.number(),
    wallet: z.number(),
    rollbackAt: z.number(),
    holdAt: z.number(),
    plannedShare: z.number(),
    seenShare: z.number().nullable(),
    dispersion: z.number(),
    sampleRatioE: z.number(),
    revision: z.number().int(),
    lastBlock: z.number().int().nullable(),
    blocks: z.number().int(),
  }),
  updatedAt: timestamp,
});
export type RolloutView = z.infer<typeof rolloutView>;

/** Effect chart of one guard: the band of new minus old over time. */
export const rolloutSeries = z.object({
  guard: z.string(),
  unit: guardUnit,
  limit: z.number(),
  /** 1 when higher is worse, -1 when lower is worse. */
  worseSign: z.union([z.literal(1), z.literal(-1)]),
  points: z.array(
    z.object({
      at: timestamp,
      low: z.number().nullable(),
      high: z.number().nullable(),
      estimate: z.number().nullable(),
      share: z.number(),
    }),
  ),
  marks: z.array(
    z.object({ at: timestamp, label: z.string(), kind: z.enum(['stage', 'rolled-back', 'held', 'kept']) }),
  ),
});
export type RolloutSeries = z.infer<typeof rolloutSeries>;

/** Evidence behind the latest (or final) verdict, enough to check it by hand. */
export const rolloutEvidence = z.object({
  rolloutId: z.string(),
  attempt: z.number().int(),
  at: timestamp,
  sentence: z.string(),
  verdict: z.string(),
  leadingGuard: z.string().nullable(),
  wallet: z.number(),
  alpha: z.number(),
  firstBlock: z.number().int().nullable(),
  lastBlock: z.number().int().nullable(),
  blocks: z.number().int(),
  canaryUnits: z.number().int(),
  controlUnits: z.number().int(),
  canaryFailed: z.number().int(),
  controlFailed: z.number().int(),
  extraFailures: z.object({ low: z.number(), best: z.number(), high: z.number() }).nullable(),
  /** Units a perfect test with the same error guarantee would have needed on average; null when the change was not worse. */
  waldBound: z.number().nullable(),
  waldRatio: z.number().nullable(),
  guards: z.array(guardView),
  revision: z.number().int(),
  /** SHA-256 of the engine state after the last block. */
  stateHash: z.string(),
  query: z.string(),
});
export type RolloutEvidence = z.infer<typeof rolloutEvidence>;

/** Result of recomputing every verdict from stored outcomes. */
export const replayReport = z.object({
  rolloutId: z.string(),
  agrees: z.boolean(),
  blocks: z.number().int(),
  decisions: z.number().int(),
  firstDifference: z.object({ block: z.number().int(), expected: z.string(), got: z.string() }).nullable(),
  stateHash: z.string(),
});
export type ReplayReport = z.infer<typeof replayReport>;
