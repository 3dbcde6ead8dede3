import { textOf } from './coercion.ts';
import { errorResult } from './flag-result.ts';
import type {
  CompiledFlag,
  EvaluateOptions,
  EvaluationContext,
  FlagResult,
  FlagSet,
  FlagValueType,
  GuardedResult,
} from './types.ts';

/**
 * Evaluates a flag as flagd does. Never throws: what goes wrong is in `errorCode`. A `value` of `undefined` means that
 * the caller serves its own default. Without a rule the answer is a shared, frozen object and nothing is allocated.
 */
export function evaluateFlag(
  set: FlagSet,
  key: string,
  context: EvaluationContext,
  options: EvaluateOptions = noOptions,
): FlagResult {
  const flag = set.flags.get(key);
  if (flag === undefined) return notFound(set, key);
  const result = flag.fixed ?? evaluateTargeting(flag, context, options.timestamp);
  return options.type === undefined ? result : expectType(result, flag, options.type);
}

/** What is answered for a key that the set does not have. */
export function notFound(set: FlagSet, key: string): GuardedResult {
  return errorResult('FLAG_NOT_FOUND', `flag '${key}' not found`, set.metadata);
}

/** Runs the rule of a flag that has one, else gives its fixed answer. */
export function evaluateTargeting(
  flag: CompiledFlag,
  context: EvaluationContext,
  timestamp: number | undefined,
): GuardedResult {
  if (flag.targeting === undefined) return flag.fixed ?? flag.fallback;
  let answer: unknown;
  try {
    answer = flag.targeting(context, context, timestamp);
  } catch (cause) {
    // Whatever a rule stumbles over, a getter of the context included, is this evaluation's result, not the caller's.
    const why = cause instanceof Error ? cause.message : String(cause);
    return errorResult('GENERAL', `Error evaluating targeting rule for flag '${flag.key}': ${why}`, flag.metadata);
  }
  if (answer === null || answer === undefined) return flag.fallback;
  // A rule may answer with `true` or a number: the variant is named by its text.
  const variant = typeof answer === 'string' ? answer : textOf(answer);
  return flag.matches.get(variant) ?? unknownVariant(flag, variant);
}

/** The result, or `TYPE_MISMATCH` where its value is of another type than the caller can take. */
export function expectType<Result extends FlagResult>(
  result: Result,
  flag: CompiledFlag,
  type: FlagValueType,
): Result | GuardedResult {
  if (result.value === undefined || typeof result.value === type) return result;
  const message = `Evaluated type of the flag ${flag.key} does not match. Expected ${type}, got ${typeof result.value}`;
  return errorResult('TYPE_MISMATCH', message, flag.metadata);
}

const noOptions: EvaluateOptions = Object.freeze({});

function unknownVariant(flag: CompiledFlag, variant: string): GuardedResult {
  return errorResult('GENERAL', `Variant '${variant}' not found in flag with key '${flag.key}'`, flag.metadata);
}
