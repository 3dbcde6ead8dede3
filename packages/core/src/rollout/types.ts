import type { EngineReading, GuardOptions } from '../statistics/engine-types.ts';

/** Where a rollout stands. */
export type RolloutStatus = 'draft' | 'scheduled' | 'running' | 'held' | 'completed' | 'rolled-back' | 'cancelled';

/** What a person or a policy may do to a rollout. */
export type RolloutAction =
  | 'start'
  | 'hold'
  | 'resume'
  | 'approve'
  | 'promote'
  | 'rollback'
  | 'cancel'
  | 'kill'
  | 'acknowledge';

/** Who did something and by which way (`dashboard`, `cli`, `api`, `guard`, `policy`, `lease`). */
export interface Actor {
  readonly kind: 'person' | 'machine';
  readonly name: string;
  readonly via: string;
}

/** Named set of defaults. */
export type ProfileName = 'conservative' | 'balanced' | 'fast';

/** A rollout as people write it; the shape of belay.yaml and of the API. Texts are `1%`, `30m`, `0.5pp`. */
export interface RolloutInput {
  readonly title?: string | undefined;
  readonly flag: string;
  readonly component?: string | undefined;
  readonly profile?: ProfileName | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly stages?: readonly StageInput[] | undefined;
  readonly guards?: readonly GuardInput[] | undefined;
  readonly false_rollback?: string | undefined;
  readonly promote?: 'evidence' | 'clock' | undefined;
  readonly no_data?: { readonly grace: string; readonly then: 'hold' | 'rollback' } | undefined;
  readonly on_harm?: 'rollback' | 'hold' | undefined;
  readonly cooldown?: { readonly first: string; readonly factor: number } | undefined;
  readonly lease?: string | undefined;
  readonly warm_up?: string | undefined;
  readonly reseed?: boolean | undefined;
}

/** One stage as written. */
export interface StageInput {
  readonly to: string;
  readonly soak?: string | undefined;
  readonly min?: number | undefined;
  readonly approve?: boolean | undefined;
}

/** One guard as written. */
export interface GuardInput {
  readonly signal: string;
  readonly worse_by?: string | undefined;
  readonly slower_than?: 'p50' | 'p90' | 'p95' | 'p99' | undefined;
  readonly worse?: 'up' | 'down' | undefined;
  readonly title?: string | undefined;
}

/** What planning needs to know of the flag. */
export interface FlagFacts {
  readonly key: string;
  readonly variants: readonly string[];
  readonly defaultVariant: string | null;
  readonly state: 'ENABLED' | 'DISABLED';
  /** The old path's 95th percentile in ms over the last day; null without data. Turns a limit in ms into a ratio. */
  readonly p95Ms: number | null;
}

/** The part of the configuration that bounds every rollout. Durations in ms. */
export interface Policy {
  readonly profile: ProfileName;
  readonly environment: 'production' | 'staging' | 'development';
  readonly freeze: readonly FreezeWindow[];
  /** Null: the profile's own. */
  readonly cooldown: { readonly firstMs: number; readonly factor: number } | null;
  readonly maxAttempts: number;
  /** Chance of rolling back a harmless change in one attempt. */
  readonly falseRollback: number;
  /** E-value from which nothing is promoted and people are told. Must be below 1 / falseRollback. */
  readonly warnAt: number;
  readonly leaseMs: number;
  /** No stage is shorter than this, however good it looks. */
  readonly minimumSoakMs: number;
}

/** A window in which nothing is started or promoted. `from`/`to` are `HH:MM`, dates `YYYY-MM-DD` or `a..b`. */
export interface FreezeWindow {
  readonly name: string;
  readonly weekdays?: readonly Weekday[] | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly dates?: readonly string[] | undefined;
  readonly timezone?: string | undefined;
}

/** Days as freeze windows name them. */
export type Weekday = 'monday' | 'tuesday' | 'wednesday' | 'thursday' | 'friday' | 'saturday' | 'sunday';

/** One stage with every default filled in. */
export interface PlanStage {
  /** Share of units on the new path, 0 < share <= 1. */
  readonly share: number;
  readonly soakMs: number;
  /** Canary units needed before the clock may promote. */
  readonly minUnits: number;
  /** Whether a person must approve before the stage begins. */
  readonly approve: boolean;
}

/** One guard of a plan: what the engine tests and how people read it. */
export interface PlanGuard {
  readonly id: string;
  /** As written, e.g. `http.errors`. */
  readonly signal: string;
  readonly title: string;
  readonly options: GuardOptions;
  /** 1: higher is worse; -1: lower is worse. */
  readonly worseSign: 1 | -1;
}

/** A rollout with all defaults filled in; pinned for the life of an attempt. Durations in ms. */
export interface RolloutPlan {
  readonly title: string;
  readonly flagKey: string;
  readonly component: string;
  readonly controlVariant: string;
  readonly canaryVariant: string;
  readonly profile: ProfileName;
  readonly stages: readonly PlanStage[];
  readonly guards: readonly PlanGuard[];
  readonly alpha: number;
  readonly warnAt: number;
  readonly promote: 'evidence' | 'clock';
  /** Least guarded time of a stage that is promoted early. */
  readonly dwellMs: number;
  readonly noData: { readonly graceMs: number; readonly then: 'hold' | 'rollback' };
  readonly onHarm: 'rollback' | 'hold';
  readonly cooldown: { readonly firstMs: number; readonly factor: number };
  readonly maxAttempts: number;
  readonly leaseMs: number;
  readonly warmUpMs: number;
  readonly reseed: boolean;
}

/** One stage as it went. */
export interface StageRecord {
  readonly index: number;
  readonly startedAt: number;
  /** First block (Unix second) that belongs to this stage. */
  readonly fromSecond: number;
  readonly endedAt: number | null;
  /** Time in this stage during which outcomes flowed and were judged. */
  readonly guardedMs: number;
  /** Canary units seen before the stage began, and in it so far. */
  readonly unitsBefore: number;
  readonly units: number;
}

/** Why a rollout is held. `person`: by hand; the others by policy. */
export type HoldCode = 'person' | 'approval' | 'harm' | 'split' | 'no-exposures' | 'no-telemetry' | 'no-measurements';

/** A hold in force. */
export interface Held {
  readonly code: HoldCode;
  readonly since: number;
  readonly actor: Actor;
  readonly reason: string | null;
  /** Guards without measurements (`no-measurements`), else empty. */
  readonly guards: readonly string[];
}

/** How a rollout ended. */
export type EndCode = 'kept' | 'harm' | 'trip' | 'person' | 'kill' | 'no-data' | 'cancelled';

/** The end of a rollout. */
export interface Ending {
  readonly code: EndCode;
  readonly at: number;
  readonly actor: Actor;
  readonly reason: string | null;
  /** Stage and share at the end; -1 and 0 before the start. */
  readonly stage: number;
  readonly share: number;
  /** Guard that proved harm, its numbers frozen at the decision; null otherwise. */
  readonly guard: string | null;
  readonly second: number | null;
  readonly trip: Trip | null;
}

/** What one process saw when it cut the new path off by itself. */
export interface Trip {
  readonly service: string;
  readonly instance: string;
  readonly units: number;
  readonly errors: number;
  readonly reason: string;
}

/** Whether judging has something to judge. `unreadable`: the telemetry store does not answer. */
export type Flow = 'flowing' | 'no-exposures' | 'no-telemetry' | 'unreadable';

/** Everything about a rollout that survives a crash, except the engine's own state. Plain JSON. */
export interface RolloutState {
  readonly plan: RolloutPlan;
  readonly attempt: number;
  /** Attempts that harm has ended so far, this one included. */
  readonly failures: number;
  readonly status: RolloutStatus;
  /** Index of the present or last stage; -1 before the start. */
  readonly stage: number;
  readonly stages: readonly StageRecord[];
  /** Stages that a person has approved. */
  readonly approved: readonly number[];
  readonly held: Held | null;
  /** Since when there is nothing to judge, and why; null while outcomes flow. */
  readonly noData: { readonly since: number; readonly cause: Exclude<Flow, 'flowing'> } | null;
  /** Since when only a guard without measurements stands in the way of a promotion. */
  readonly unmeasuredSince: number | null;
  /** A person has accepted an uneven split: guards go on, but only people promote. */
  readonly isSplitAccepted: boolean;
  /** The wallet has passed the warning line in this stage. */
  readonly isWarned: boolean;
  readonly lastTickAt: number | null;
  readonly startedAt: number | null;
  readonly startedBy: Actor | null;
  readonly ending: Ending | null;
  /** Cause of a rollback in a person's words; null until acknowledged. */
  readonly cause: string | null;
}

/** What may happen to a rollout. */
export type RolloutEvent =
  | { readonly type: 'start'; readonly actor: Actor; readonly frozen: Freeze | null }
  | { readonly type: 'hold' | 'resume' | 'approve'; readonly actor: Actor; readonly reason: string | null }
  | {
      readonly type: 'promote';
      readonly actor: Actor;
      readonly reason: string | null;
      readonly frozen: Freeze | null;
    }
  | { readonly type: 'rollback' | 'kill'; readonly actor: Actor; readonly reason: string | null }
  | { readonly type: 'cancel' | 'acknowledge'; readonly actor: Actor; readonly reason: string | null }
  | { readonly type: 'trip'; readonly trip: Trip }
  | TickEvent;

/** The control loop has folded all closed blocks. */
export interface TickEvent {
  readonly type: 'tick';
  /** Null before the first block. */
  readonly reading: EngineReading | null;
  readonly flow: Flow;
  readonly frozen: Freeze | null;
}

/** A freeze in force, or data that is not as it must be; both let nothing go on. */
export interface Freeze {
  /** Why, without a full stop. */
  readonly name: string;
  /** Unix ms; Infinity where nobody knows. */
  readonly until: number;
  /** Default `freeze`. `broken-invariant`: a named query over the data does not hold. */
  readonly kind?: 'freeze' | 'broken-invariant';
}

/** What has to be done because of an event; carried out in one transaction with the new state. */
export type RolloutEffect =
  | { readonly type: 'set-share'; readonly share: number }
  | { readonly type: 'remove-overlay'; readonly serve: 'control' | 'canary' }
  | LedgerEffect
  | { readonly type: 'alert'; readonly tone: LedgerTone; readonly sentence: string }
  | { readonly type: 'decision'; readonly decision: Decision };

/** Colour family of a ledger entry. */
export type LedgerTone = 'ok' | 'bad' | 'wait' | 'live' | 'none';

/** An entry for the ledger. */
export interface LedgerEffect {
  readonly type: 'ledger';
  readonly kind: string;
  readonly sentence: string;
  readonly tone: LedgerTone;
  readonly actor: Actor;
  readonly reason: string | null;
  readonly details: Readonly<Record<string, unknown>>;
}

/** A decision that followed from the blocks alone and that a replay must find again. */
export interface Decision {
  readonly kind: 'promote' | 'complete' | 'rollback' | 'hold' | 'warn';
  /** Newest folded block. */
  readonly second: number;
  readonly stage: number;
  /** `evidence` and `clock` for promotions, the guard for harm, the hold code for holds. */
  readonly because: string;
}

/** What follows from an event. */
export interface Transition {
  readonly state: RolloutState;
  readonly effects: readonly RolloutEffect[];
}
