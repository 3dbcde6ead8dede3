import type { Clock } from './clock.ts';
import type { OutcomeCounts, OutcomeSeries } from './outcome-accumulator.ts';
import type { FlagState } from './snapshot-decoder.ts';

/** Adds an empty count for each running rollout that had none lately: "nothing happened" is not "nobody can tell". */
export interface SignsOfLife {
  addTo(counts: ReadonlyMap<OutcomeSeries, OutcomeCounts>): ReadonlyMap<OutcomeSeries, OutcomeCounts>;
}

/** Well inside the shortest patience of the server. */
const everyMs = 2000;

const nothing: OutcomeCounts = {
  units: 0,
  errors: 0,
  exposures: 0,
  distinctBad: 0,
  duration: new Map(),
  values: new Map(),
};

/** Signs for the rollouts that `state` names at each moment. */
export function createSignsOfLife(parts: {
  readonly clock: Clock;
  readonly state: () => FlagState | undefined;
}): SignsOfLife {
  let lastAt = new Map<string, number>();
  return {
    addTo(counts) {
      const state = parts.state();
      const now = parts.clock.monotonic();
      const heard = new Set([...counts.keys()].map(({ rolloutId }) => rolloutId));
      const present = new Map<string, number>();
      const added = new Map(counts);
      for (const overlay of state?.rollouts ?? []) {
        const { rolloutId, flagKey, controlVariant: variant } = overlay;
        const before = lastAt.get(rolloutId) ?? -Infinity;
        const isQuiet = !heard.has(rolloutId) && now - before >= everyMs;
        if (isQuiet) {
          const revision = state?.revision ?? 0;
          added.set({ rolloutId, flagKey, revision, variant, arm: 'randomised', side: 'control', group: -1 }, nothing);
        }
        present.set(rolloutId, heard.has(rolloutId) || isQuiet ? now : before);
      }
      lastAt = present;
      return added;
    },
  };
}
