import type { InputIssue } from '../error.ts';
import { bucketOf, groupCount, groupOf } from './bucket.ts';
import { evaluateTargeting, expectType, notFound } from './evaluate-flag.ts';
import { makeResult } from './flag-result.ts';
import { hashWithPrefix } from './murmur.ts';
import type {
  CompiledFlag,
  CompiledOverlay,
  EvaluateOptions,
  EvaluationContext,
  FlagSet,
  GuardedResult,
  OverlaySet,
  RolloutOverlay,
} from './types.ts';

// oxlint-disable max-params -- the hottest call of the SDK: an object of arguments would be built each time
/**
 * Evaluates a flag with the rollout that runs on it, if any. The flag's own rule goes first: a unit that it names a
 * variant for is served that and not judged (`forced`). Every other unit is split by hash (`randomised`, reason
 * `SPLIT`); the canary side comes first, so that a unit once in stays in as the share grows. Without a targeting key
 * the unit gets the control variant and is not judged.
 */
export function evaluateGuarded(
  set: FlagSet,
  overlays: OverlaySet,
  key: string,
  context: EvaluationContext,
  options: EvaluateOptions = noOptions,
): GuardedResult {
  const flag = set.flags.get(key);
  if (flag === undefined) return notFound(set, key);
  const overlay = overlays.byFlag.get(key);
  const result =
    overlay === undefined
      ? (flag.fixed ?? evaluateTargeting(flag, context, options.timestamp))
      : evaluateOverlay(overlay, context, options.timestamp);
  return options.type === undefined ? result : expectType(result, flag, options.type);
}

/**
 * Prepares the running rollouts for a set of flags. An overlay that cannot be used (unknown flag or variant, share
 * out of range, another bucketing, a second rollout of one flag, a disabled flag) is left out, with an issue.
 */
export function compileOverlays(set: FlagSet, overlays: readonly RolloutOverlay[]): OverlaySet {
  const byFlag = new Map<string, CompiledOverlay>();
  const issues: InputIssue[] = [];
  for (const [index, overlay] of overlays.entries()) {
    const flag = set.flags.get(overlay.flagKey);
    const issue = findFault(overlay, flag, byFlag);
    if (issue !== undefined || flag === undefined) issues.push({ path: `rollouts.${index}`, ...(issue ?? noFlag) });
    else if (flag.state === 'ENABLED') byFlag.set(overlay.flagKey, compileOverlay(overlay, flag));
  }
  return Object.freeze({ byFlag, issues: Object.freeze(issues) });
}

/** No rollout at all. */
export const noOverlays: OverlaySet = Object.freeze({ byFlag: new Map<string, never>(), issues: Object.freeze([]) });

const noOptions: EvaluateOptions = Object.freeze({});

/** All units, in the millionths that a share is counted in. */
export const allUnits = 1_000_000;

const noFlag = { message: 'there is no such flag', mend: 'create the flag first' };

function evaluateOverlay(
  compiled: CompiledOverlay,
  context: EvaluationContext,
  timestamp: number | undefined,
): GuardedResult {
  const { flag } = compiled;
  if (flag.targeting !== undefined) {
    const own = evaluateTargeting(flag, context, timestamp);
    if (own !== flag.fallback) return own.errorCode === undefined ? force(own, compiled, context) : own;
  } else if (flag.fixed?.errorCode !== undefined) return flag.fixed;
  const key = context['targetingKey'];
  if (typeof key !== 'string' || key === '') return compiled.unkeyed;
  const side = bucketOf(compiled.hash(key), allUnits) < compiled.overlay.share ? compiled.canary : compiled.control;
  // There is one answer for each of the 32 groups.
  return side[groupOf(key)] ?? compiled.unkeyed;
}

function force(own: GuardedResult, compiled: CompiledOverlay, context: EvaluationContext): GuardedResult {
  const { overlay } = compiled;
  const key = context['targetingKey'];
  const side =
    own.variant === overlay.canaryVariant ? 'canary' : own.variant === overlay.controlVariant ? 'control' : undefined;
  return makeResult({
    ...own,
    arm: 'forced',
    side,
    group: typeof key === 'string' && key !== '' ? groupOf(key) : undefined,
    rolloutId: overlay.rolloutId,
  });
}

function compileOverlay(overlay: RolloutOverlay, flag: CompiledFlag): CompiledOverlay {
  return Object.freeze({
    overlay,
    flag,
    hash: hashWithPrefix(overlay.seed),
    canary: resultsBySide(flag, overlay, 'canary'),
    control: resultsBySide(flag, overlay, 'control'),
    unkeyed: makeResult({
      value: flag.variants.get(overlay.controlVariant),
      variant: overlay.controlVariant,
      reason: 'DEFAULT',
      flagMetadata: flag.metadata,
      rolloutId: overlay.rolloutId,
    }),
  });
}

function resultsBySide(
  flag: CompiledFlag,
  overlay: RolloutOverlay,
  side: 'canary' | 'control',
): readonly GuardedResult[] {
  const variant = side === 'canary' ? overlay.canaryVariant : overlay.controlVariant;
  return Array.from({ length: groupCount }, (_nothing, group) =>
    makeResult({
      value: flag.variants.get(variant),
      variant,
      reason: 'SPLIT',
      flagMetadata: flag.metadata,
      arm: 'randomised',
      side,
      group,
      rolloutId: overlay.rolloutId,
    }),
  );
}

function findFault(
  overlay: RolloutOverlay,
  flag: CompiledFlag | undefined,
  taken: ReadonlyMap<string, CompiledOverlay>,
): Omit<InputIssue, 'path'> | undefined {
  if (flag === undefined) return { ...noFlag, seen: overlay.flagKey };
  for (const variant of [overlay.controlVariant, overlay.canaryVariant]) {
    if (flag.variants.has(variant)) continue;
    const mend = `use one of: ${[...flag.variants.keys()].slice(0, 20).join(', ')}`;
    return { message: 'the flag has no variant of this name', seen: variant, mend };
  }
  if (!Number.isInteger(overlay.share) || overlay.share < 0 || overlay.share > allUnits) {
    return { message: 'a share is counted in millionths', seen: String(overlay.share), mend: 'use 0 to 1000000' };
  }
  if (overlay.bucketing !== 'flagd-v2') {
    return { message: 'this bucketing is not known', seen: String(overlay.bucketing), mend: 'use flagd-v2' };
  }
  const other = taken.get(overlay.flagKey);
  if (other === undefined) return undefined;
  const seen = `${other.overlay.rolloutId} and ${overlay.rolloutId}`;
  return { message: 'a flag has one rollout at a time', seen, mend: 'end the first rollout' };
}
