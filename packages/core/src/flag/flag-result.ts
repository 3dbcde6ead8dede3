import type { FlagErrorCode, FlagMetadata, GuardedResult } from './types.ts';

/** The parts of a result that differ from "no error, no rollout". */
type ResultParts = Pick<GuardedResult, 'value' | 'variant' | 'reason' | 'flagMetadata'> & Partial<GuardedResult>;

/** A frozen result. All results have the same fields in the same order, so that readers stay fast. */
export function makeResult(parts: ResultParts): GuardedResult {
  return Object.freeze({
    value: parts.value,
    variant: parts.variant,
    reason: parts.reason,
    flagMetadata: parts.flagMetadata,
    errorCode: parts.errorCode,
    errorMessage: parts.errorMessage,
    arm: parts.arm,
    side: parts.side,
    group: parts.group,
    rolloutId: parts.rolloutId,
  });
}

/** A result that tells the caller to serve its own default, and why. */
export function errorResult(errorCode: FlagErrorCode, errorMessage: string, flagMetadata: FlagMetadata): GuardedResult {
  return makeResult({ value: undefined, variant: undefined, reason: 'ERROR', flagMetadata, errorCode, errorMessage });
}
