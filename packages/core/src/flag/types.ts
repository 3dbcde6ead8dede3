import type { InputIssue } from '../error.ts';
import type { Arm, Side } from '../outcome.ts';

/** Why an evaluation failed; the codes of OpenFeature. */
export type FlagErrorCode =
  | 'FLAG_NOT_FOUND'
  | 'TYPE_MISMATCH'
  | 'PARSE_ERROR'
  | 'TARGETING_KEY_MISSING'
  | 'INVALID_CONTEXT'
  | 'GENERAL';

/** Why a value was given; the reasons of OpenFeature. `SPLIT` is a guarded rollout's random split. */
export type FlagReason = 'STATIC' | 'TARGETING_MATCH' | 'DEFAULT' | 'SPLIT' | 'DISABLED' | 'ERROR';

/** Metadata of a flag over that of its set. */
export type FlagMetadata = Readonly<Record<string, string | number | boolean>>;

/** The type a caller expects a value to have. */
export type FlagValueType = 'boolean' | 'string' | 'number' | 'object';

/** Who or what a flag is evaluated for. `targetingKey` is the unit that is bucketed. */
export type EvaluationContext = Readonly<Record<string, unknown>>;

/** Outcome of one evaluation. Results are frozen and shared: never change one. */
export interface FlagResult {
  /** The variant's value; `undefined` where the caller's own default must be served. */
  readonly value: unknown;
  /** Name of the variant; `undefined` where the caller's own default must be served. */
  readonly variant: string | undefined;
  readonly reason: FlagReason;
  readonly flagMetadata: FlagMetadata;
  readonly errorCode: FlagErrorCode | undefined;
  readonly errorMessage: string | undefined;
}

/** A result with the part that a rollout played in it. */
export interface GuardedResult extends FlagResult {
  /** `randomised`: judged. `forced`: named by the flag's own rule, served but not judged. `undefined`: no rollout. */
  readonly arm: Arm | undefined;
  readonly side: Side | undefined;
  /** Hash group of the targeting key, 0 to 31; `undefined` without a rollout or targeting key. */
  readonly group: number | undefined;
  readonly rolloutId: string | undefined;
}

/** A running rollout laid over a flag: who is on which side. */
export interface RolloutOverlay {
  readonly rolloutId: string;
  /** 1 for the first try; grows with each retry after a rollback. */
  readonly attempt: number;
  readonly flagKey: string;
  readonly controlVariant: string;
  readonly canaryVariant: string;
  /** Millionths of all units that get the canary variant, 0 to 1 000 000. */
  readonly share: number;
  /** Put before the targeting key when hashing; pinned for the life of an attempt. */
  readonly seed: string;
  readonly bucketing: 'flagd-v2';
  /** Milliseconds for which the canary variant may be served after the last grant. */
  readonly leaseMs: number;
}

/** What one evaluation may be told besides its context. */
export interface EvaluateOptions {
  /** Unix time in seconds, read by rules as `$flagd.timestamp`; a rule sees `null` where it is absent. */
  readonly timestamp?: number;
  /** Refuse a value of another type with `TYPE_MISMATCH`. */
  readonly type?: FlagValueType;
}

/** One flag, ready to evaluate. Built by `compileFlagSet` only. */
export interface CompiledFlag {
  readonly key: string;
  readonly state: 'ENABLED' | 'DISABLED';
  readonly defaultVariant: string | undefined;
  readonly variants: ReadonlyMap<string, unknown>;
  readonly metadata: FlagMetadata;
  /** The answer where no rule has a say: static, disabled or unreadable. */
  readonly fixed: GuardedResult | undefined;
  readonly targeting: Rule | undefined;
  /** The default variant's answer after a rule had nothing to say. */
  readonly fallback: GuardedResult;
  /** Answers of the variants that a rule can name. */
  readonly matches: ReadonlyMap<string, GuardedResult>;
}

/** A compiled rule: `data` is what `var` reads, `root` the whole context, `now` Unix seconds. */
export type Rule = (data: unknown, root: EvaluationContext, now: number | undefined) => unknown;

/** A whole flagd document, ready to evaluate. */
export interface FlagSet {
  readonly flags: ReadonlyMap<string, CompiledFlag>;
  readonly metadata: FlagMetadata;
  /** What was wrong with single flags, where the set was compiled leniently. */
  readonly issues: readonly InputIssue[];
}

/** How to compile a set. */
export interface CompileOptions {
  /**
   * Keep the good flags of a set that has bad ones; a bad flag then evaluates to `PARSE_ERROR`. For readers such as
   * an SDK, that must go on whatever they are sent. A writer compiles strictly.
   */
  readonly lenient?: boolean;
}

/** Either a usable set or everything that is wrong with the definition. */
export type CompileResult =
  | { readonly flags: FlagSet; readonly issues?: never }
  | { readonly issues: readonly InputIssue[]; readonly flags?: never };

/** One rollout, ready to evaluate. Built by `compileOverlays` only. */
export interface CompiledOverlay {
  readonly overlay: RolloutOverlay;
  readonly flag: CompiledFlag;
  /** Hash of the seed and a targeting key, unsigned 32 bits. */
  readonly hash: (targetingKey: string) => number;
  /** Answers by group, 0 to 31. */
  readonly canary: readonly GuardedResult[];
  readonly control: readonly GuardedResult[];
  /** Answer without a targeting key: control, not judged. */
  readonly unkeyed: GuardedResult;
}

/** The running rollouts by flag key. Those whose flag or variants are not in the set stand in `issues` and do nothing. */
export interface OverlaySet {
  readonly byFlag: ReadonlyMap<string, CompiledOverlay>;
  readonly issues: readonly InputIssue[];
}
