import { isRecord } from './coercion.ts';
import { allUnits } from './overlay.ts';
import type { RolloutOverlay } from './types.ts';

/**
 * The flagd document that gives every unit the same variant as the rollout does, for any other flagd evaluator. The
 * flag's own rule comes first, then the split; `metadata` names the rollout. Throws nothing; a flag that the document
 * does not have leaves it unchanged. Only the reason differs: flagd has no `SPLIT`.
 */
export function overlayAsFlagd(
  definition: Readonly<Record<string, unknown>>,
  overlay: RolloutOverlay,
): Readonly<Record<string, unknown>> {
  const flags = definition['flags'];
  const flag = isRecord(flags) ? flags[overlay.flagKey] : undefined;
  if (!isRecord(flags) || !isRecord(flag)) return definition;
  const metadata = {
    ...(isRecord(flag['metadata']) ? flag['metadata'] : {}),
    'belay.rollout.id': overlay.rolloutId,
    'belay.rollout.attempt': overlay.attempt,
    'belay.rollout.share': overlay.share / allUnits,
  };
  const changed = { ...flag, metadata, targeting: withSplit(flag['targeting'], overlay) };
  return { ...definition, flags: { ...flags, [overlay.flagKey]: changed } };
}

function withSplit(own: unknown, overlay: RolloutOverlay): unknown {
  const split = {
    if: [
      { var: 'targetingKey' },
      {
        fractional: [
          { cat: [overlay.seed, { var: 'targetingKey' }] },
          [overlay.canaryVariant, overlay.share],
          [overlay.controlVariant, allUnits - overlay.share],
        ],
      },
      overlay.controlVariant,
    ],
  };
  if (!isRecord(own) || Object.keys(own).length === 0) return split;
  // Not `or`: a rule may answer with `false`, the name of a variant, which `or` would pass over.
  return { if: [{ '!==': [own, null] }, own, split] };
}
