import { z } from 'zod';
import { actor, timestamp } from './primitives.ts';
import { tone } from './rollout.ts';
import { goodDirection, signalDimension, signalId, signalInput, signalKind } from './signals-config.ts';

/**
 * What is to be said of a signal now. `higher` and `lower`: an alarm is open (beyond noise and tolerance, not one odd
 * value). `past-warning` and `past-critical`: beyond a limit that was set. `learning`: under two weeks of history, shown
 * but never alarmed. `no-data`: nothing arrived in the last fifteen minutes; never shown as fine.
 */
export const signalVerdict = z.enum([
  'usual',
  'higher',
  'lower',
  'past-warning',
  'past-critical',
  'learning',
  'no-data',
]);
export type SignalVerdict = z.infer<typeof signalVerdict>;

/** What is usual at a moment, in the signal's unit: 19 of 20 values of five minutes lie between `low` and `high`. */
export const usualBand = z.object({ low: z.number(), expected: z.number(), high: z.number() });
export type UsualBand = z.infer<typeof usualBand>;

/** The smallest deviation that is found for certain, beside the one that was asked for. */
export const resolvable = z.object({
  /** Requested tolerance as a share, e.g. 0.02. */
  requested: z.number(),
  /** Deviation found within a day and within six hours, as shares. */
  within24h: z.number(),
  within6h: z.number(),
  /** `2% requested; this signal resolves 5.2% within a day, 9.6% within 6 h`. */
  text: z.string(),
});
export type Resolvable = z.infer<typeof resolvable>;

/** One episode of a deviation: from when it began to when it was over. One message each. */
export const signalAlarm = z.object({
  id: z.string(),
  signalId,
  signalTitle: z.string(),
  service: z.string().nullable(),
  direction: z.enum(['higher', 'lower']),
  /** `worse` or `better` by the signal's good direction; `different` where it has none. */
  sense: z.enum(['worse', 'better', 'different']),
  /** Which detector found it: `drift` (hours) or `jump` (minutes). */
  found: z.enum(['drift', 'jump']),
  startedAt: timestamp,
  /** When it was raised; the deviation began before. */
  raisedAt: timestamp,
  endedAt: timestamp.nullable(),
  /** How it ended. `accepted`: somebody said that this is the new usual. */
  ending: z.enum(['back-to-usual', 'accepted', 'signal-removed']).nullable(),
  /** Deviation when it was raised, relative to the usual, e.g. 0.05; for ratios relative odds. */
  deviation: z.number(),
  /** The sentence of the message. */
  sentence: z.string(),
  tone,
  /** Changes shortly before, newest first: where to look. */
  suspects: z.array(z.object({ changeId: z.string().nullable(), rolloutId: z.string().nullable(), title: z.string() })),
});
export type SignalAlarm = z.infer<typeof signalAlarm>;

/** One line of the list of signals. */
export const signalView = z.object({
  id: signalId,
  version: z.number().int(),
  title: z.string(),
  service: z.string().nullable(),
  kind: signalKind,
  unit: z.string(),
  good: goodDirection,
  dimension: signalDimension,
  owner: z.string().nullable(),
  /** `starter` signals appear by themselves; those of belay.yaml are changed there. */
  origin: z.enum(['starter', 'belay.yaml', 'api']),
  source: z.string(),
  /** In the signal's unit. */
  target: z.number().nullable(),
  warning: z.number().nullable(),
  critical: z.number().nullable(),
  /** The newest complete five minutes. */
  current: z.object({ at: timestamp, value: z.number(), text: z.string() }).nullable(),
  usual: usualBand.extend({ text: z.string() }).nullable(),
  verdict: signalVerdict,
  /** `Usual`, `Higher than usual`, `Past its limit` ... */
  word: z.string(),
  tone,
  /** `1.9% now; usual at this hour is 0.8% to 1.2%.` */
  sentence: z.string(),
  /** Null before two weeks of history. */
  resolvable: resolvable.nullable(),
  /** Last 24 hours in half hours, oldest first. */
  sparkline: z.array(z.object({ at: timestamp, value: z.number().nullable() })),
  /** Open alarm. */
  alarm: signalAlarm.nullable(),
  /** Since when there are values, and how many weeks the baseline learnt from. */
  history: z.object({ since: timestamp.nullable(), weeks: z.number() }),
  /** Why no value could be computed, when that failed. */
  problem: z.string().nullable(),
});
export type SignalView = z.infer<typeof signalView>;

/** A change as a mark on a chart. */
export const changeMark = z.object({
  at: timestamp,
  /** `rollout` and `rollout-ended` come from Belay's own changes. */
  kind: z.enum(['rollout', 'rollout-ended', 'deploy', 'migration', 'config', 'other']),
  title: z.string(),
  service: z.string().nullable(),
  version: z.string().nullable(),
  tone,
  rolloutId: z.string().nullable(),
  changeId: z.string().nullable(),
});
export type ChangeMark = z.infer<typeof changeMark>;

/** Everything the page of a signal shows but its chart. */
export const signalDetail = signalView.extend({
  definition: signalInput,
  /** How the number is made, in words. */
  how: z.string(),
  /** `K weeks of history; each hour of the week has its own usual.` */
  baseline: z.string(),
  alarms: z.array(signalAlarm),
});
export type SignalDetail = z.infer<typeof signalDetail>;

/** Chart of a signal. */
export const signalSeries = z.object({
  id: signalId,
  unit: z.string(),
  from: timestamp,
  to: timestamp,
  stepMs: z.number().int(),
  /** A gap is a gap: `value` is null where nothing was measured. The band is null while learning. */
  points: z.array(
    z.object({
      at: timestamp,
      value: z.number().nullable(),
      low: z.number().nullable(),
      expected: z.number().nullable(),
      high: z.number().nullable(),
      /** Left out of the baseline: an incident or a rollout that was taken back. */
      excluded: z.boolean(),
    }),
  ),
  marks: z.array(changeMark),
  alarms: z.array(signalAlarm),
  target: z.number().nullable(),
  warning: z.number().nullable(),
  critical: z.number().nullable(),
});
export type SignalSeries = z.infer<typeof signalSeries>;

/** What a definition would show, without keeping it. */
export const signalPreview = z.object({
  /** `Last 24 hours: 288 values between 0.2% and 1.1%.` */
  sentence: z.string(),
  unit: z.string(),
  points: z.array(z.object({ at: timestamp, value: z.number().nullable() })),
  warnings: z.array(z.string()),
});
export type SignalPreview = z.infer<typeof signalPreview>;

/** How well a promise was kept over some days. */
export const sloWindow = z.object({
  days: z.union([z.literal(7), z.literal(28), z.literal(90)]),
  /** Share of good events (ratios) or of time within the target, 0 to 1; null without data or target. */
  performance: z.number().nullable(),
  /** Share that was promised. */
  objective: z.number().nullable(),
  /** Share of the error budget that is left; negative when overspent. */
  budgetLeft: z.number().nullable(),
  /** Share of the window for which there is data. */
  coverage: z.number(),
  sentence: z.string(),
});
export type SloWindow = z.infer<typeof sloWindow>;

export const scorecardRow = z.object({
  signalId,
  title: z.string(),
  dimension: signalDimension,
  unit: z.string(),
  good: goodDirection,
  owner: z.string().nullable(),
  target: z.number().nullable(),
  targetText: z.string(),
  now: z.number().nullable(),
  nowText: z.string(),
  verdict: signalVerdict,
  word: z.string(),
  tone,
  trend: z.object({
    direction: z.enum(['better', 'worse', 'up', 'down', 'flat', 'unknown']),
    /** Last seven days against the seven before, as a share, e.g. 0.04. */
    change: z.number().nullable(),
    text: z.string(),
  }),
  slo: z.array(sloWindow),
  /** Budget spent over the last hour and six hours, as multiples of the sustainable speed. */
  burn: z.object({ hour: z.number().nullable(), sixHours: z.number().nullable() }),
});
export type ScorecardRow = z.infer<typeof scorecardRow>;

/** How a service keeps its promises. */
export const scorecard = z.object({
  service: z.string(),
  owners: z.array(z.string()),
  headline: z.string(),
  tone,
  rows: z.array(scorecardRow),
});
export type Scorecard = z.infer<typeof scorecard>;

/** A change that somebody or something else made; Belay only hears of it. */
export const changeRecordRequest = z.strictObject({
  kind: z.enum(['deploy', 'migration', 'config', 'other']),
  /** All services when left out. */
  service: z.string().min(1).max(200).optional(),
  title: z.string().trim().min(1).max(200),
  version: z.string().trim().min(1).max(200).optional(),
  /** Default now; at most 30 days back. */
  at: timestamp.optional(),
});
export type ChangeRecordRequest = z.infer<typeof changeRecordRequest>;

/** What a recorded change did to one signal. */
export const changeEffect = z.object({
  signalId,
  title: z.string(),
  state: z.enum(['watching', 'worse', 'better', 'different', 'no-change', 'too-little-history', 'no-data']),
  /** Share of past moments without a change that looked at least like this; null where it cannot be told. */
  p: z.number().nullable(),
  /** Past moments it was held against. */
  placebos: z.number().int(),
  /** Change of the signal relative to the hour before, e.g. 0.1. */
  change: z.number().nullable(),
  /** After how many minutes it was largest. */
  minutes: z.number().int().nullable(),
  sentence: z.string(),
});
export type ChangeEffect = z.infer<typeof changeEffect>;

export const recordedChange = z.object({
  id: z.string(),
  kind: changeRecordRequest.shape.kind,
  service: z.string().nullable(),
  title: z.string(),
  version: z.string().nullable(),
  at: timestamp,
  /** True when Belay saw the version change by itself. */
  detected: z.boolean(),
  actor,
  verdict: z.object({
    state: z.enum(['watching', 'worse', 'better', 'different', 'no-change', 'too-little-history', 'no-data']),
    word: z.string(),
    tone,
    sentence: z.string(),
    /** Until when it is watched. */
    until: timestamp,
    /** Minutes after the change that the verdict rests on. */
    minutes: z.number().int(),
  }),
  effects: z.array(changeEffect),
});
export type RecordedChange = z.infer<typeof recordedChange>;
