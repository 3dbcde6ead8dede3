import { BelayError } from '@belay/core';
import { compileFlagSet, compileOverlays, evaluateGuarded } from '@belay/core/flag';
import type { EvaluationContext, GuardedResult } from '@belay/core/flag';
import type { FlagTryRequest, FlagTryResult } from '@belay/protocol';
import { checkDefinition } from './flag-rules.ts';
import type { ServedState } from './flag-state.ts';
import { whyThis } from './flag-words.ts';

/** What to evaluate, when, and under which leases. */
export interface Question {
  readonly key: string;
  readonly context: EvaluationContext;
  /** Unix milliseconds. */
  readonly now: number;
  /** Rollouts whose canary may be served. */
  readonly leases: ReadonlySet<string>;
}

/** Evaluates as an SDK does: a canary without a lease becomes the old path. */
export function evaluateServed(
  { set, overlaySet }: ServedState,
  { key, context, now, leases }: Question,
): GuardedResult {
  const result = evaluateGuarded(set, overlaySet, key, context, { timestamp: Math.floor(now / 1000) });
  if (result.arm !== 'randomised' || result.side !== 'canary') return result;
  if (result.rolloutId !== undefined && leases.has(result.rolloutId)) return result;
  return overlaySet.byFlag.get(key)?.unkeyed ?? result;
}

/** Who would get what, and why: contexts tried against the stored flag or another definition, with nothing served. */
export function tryContexts(
  served: ServedState,
  { key, request, now }: { readonly key: string; readonly request: FlagTryRequest; readonly now: number },
): FlagTryResult {
  const { set, overlaySet } =
    request.definition === undefined ? requireKnown(served, key) : compiled(served, key, request);
  const overlay = overlaySet.byFlag.get(key)?.overlay;
  const timestamp = Math.floor(now / 1000);
  const results = request.contexts.map((context) => {
    const result = evaluateGuarded(set, overlaySet, key, context, { timestamp });
    return {
      variant: result.variant ?? null,
      value: result.value ?? null,
      reason: result.reason,
      why: whyThis(result, overlay),
      arm: result.arm ?? null,
      errorCode: result.errorCode ?? null,
    };
  });
  return { results };
}

type Evaluable = Pick<ServedState, 'set' | 'overlaySet'>;

function requireKnown(served: ServedState, key: string): Evaluable {
  if (served.flags.has(key)) return served;
  throw new BelayError('flag.not-found', `There is no flag "${key.slice(0, 128)}".`, {
    hint: 'Send a "definition" to try one that is not stored yet.',
  });
}

function compiled(served: ServedState, key: string, { definition }: FlagTryRequest): Evaluable {
  if (definition === undefined) return served;
  checkDefinition(key, { definition });
  const { flags } = compileFlagSet({ flags: { [key]: definition } }, { lenient: true });
  if (flags === undefined) return served;
  return {
    set: flags,
    overlaySet: compileOverlays(
      flags,
      served.overlays.filter((overlay) => overlay.flagKey === key),
    ),
  };
}
