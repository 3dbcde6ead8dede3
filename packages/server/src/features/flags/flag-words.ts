import type { GuardedResult, RolloutOverlay } from '@belay/core/flag';
import type { StoredFlag } from './flag-store.ts';

/** Who gets what now, in one sentence. */
export function whoGetsWhat(flag: StoredFlag, overlay: RolloutOverlay | undefined): string {
  const { definition, killed } = flag;
  if (definition.state === 'DISABLED') return 'Switched off: every caller serves its own default.';
  if (killed !== null) return `Everybody gets "${killed.variant}", switched back by hand.`;
  const rule = hasRule(flag) ? 'Those that a rule names get what it says; ' : '';
  if (overlay !== undefined) {
    const { share, canaryVariant, controlVariant } = overlay;
    const rest = `${percent(share)} of ${rule === '' ? 'all' : 'the others'} get "${canaryVariant}", the rest "${controlVariant}".`;
    return rule === '' ? rest : rule + rest;
  }
  const standard = definition.defaultVariant;
  const everybody = rule === '' ? 'Everybody gets' : 'everybody else gets';
  if (standard === undefined || standard === null || standard === '') {
    return `${rule}${everybody} the default in the code.`;
  }
  return `${rule}${everybody} "${standard}".`;
}

/** Why one context got what it got. */
export function whyThis(result: GuardedResult, overlay: RolloutOverlay | undefined): string {
  if (result.errorMessage !== undefined) return `${result.errorMessage}; the caller serves its own default.`;
  if (result.reason === 'DISABLED') return 'The flag is switched off; the caller serves its own default.';
  if (result.variant === undefined) return 'No rule named a variant and the flag has no default.';
  if (result.arm === 'forced') return 'A rule of the flag names this variant; this unit is served, not judged.';
  if (result.arm === 'randomised' && overlay !== undefined) {
    const side = result.side === 'canary' ? 'inside' : 'outside';
    return `By lot, this targeting key falls ${side} the ${percent(overlay.share)} of the rollout.`;
  }
  if (overlay !== undefined && result.rolloutId !== undefined) {
    return 'Without a targeting key nobody takes part in a rollout; this is the old path.';
  }
  if (result.reason === 'TARGETING_MATCH') return 'A rule of the flag names this variant.';
  if (result.reason === 'DEFAULT') return 'No rule named a variant, so the default is served.';
  return 'The flag has no rule; everybody gets its default.';
}

/** Whether a flag has a rule of its own. */
export function hasRule({ definition: { targeting } }: StoredFlag): boolean {
  return typeof targeting === 'object' && targeting !== null && Object.keys(targeting).length > 0;
}

function percent(millionths: number): string {
  return `${Number((millionths / 10_000).toFixed(4))}%`;
}
