import type { FlagView } from '@belay/protocol';
import type { ServedState } from './flag-state.ts';
import type { StoredFlag } from './flag-store.ts';
import { hasRule, whoGetsWhat } from './flag-words.ts';

/** A flag that gave everybody the same for this long should leave the code. */
const STALE_AFTER_MS = 30 * 24 * 60 * 60 * 1000;

/** A flag as screens and the CLI show it. */
export function flagView(flag: StoredFlag, served: ServedState, now: number): FlagView {
  const overlay = served.overlays.find((candidate) => candidate.flagKey === flag.key);
  const isSettled =
    overlay === undefined && (flag.killed !== null || flag.definition.state === 'DISABLED' || !hasRule(flag));
  return {
    key: flag.key,
    version: flag.version,
    description: flag.description,
    definition: flag.definition,
    whoGetsWhat: whoGetsWhat(flag, overlay),
    rolloutId: overlay?.rolloutId ?? null,
    lastChange: { at: flag.changedAt, by: flag.changedBy, what: flag.change },
    staleSince: isSettled && now - flag.changedAt >= STALE_AFTER_MS ? flag.changedAt : null,
    evaluatedAt: null,
  };
}
