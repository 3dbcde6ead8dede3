import type { RolloutState } from './types.ts';

/**
 * When the change may be tried again: `first x factor^(failures - 1)` after the rollback, in Unix ms. Null when it was
 * not harm that ended it, for then nothing has to cool down.
 */
export function coolDownUntil({ ending, failures, plan }: RolloutState): number | null {
  if (ending === null || (ending.code !== 'harm' && ending.code !== 'trip')) return null;
  const { firstMs, factor } = plan.cooldown;
  return ending.at + Math.min(firstMs * factor ** Math.max(0, failures - 1), LONGEST_MS);
}

const LONGEST_MS = 90 * 86_400_000;
