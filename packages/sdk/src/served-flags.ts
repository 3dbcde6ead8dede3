import type { Clock } from './clock.ts';
import type { DropCounter } from './drop-counter.ts';
import { type FlagChanges, createFlagChanges } from './flag-changes.ts';
import { type FlagReader, createFlagReader } from './flag-reader.ts';
import type { OutcomeAccumulator } from './outcome-accumulator.ts';
import { type RolloutBook, createRolloutBook } from './rollout-book.ts';
import type { FlagState } from './snapshot-decoder.ts';

/** The flags that are served right now, and everything that depends on them. */
export interface ServedFlags {
  readonly state: FlagState | undefined;
  readonly reader: FlagReader;
  readonly book: RolloutBook;
  readonly changes: FlagChanges;
  /** Serves another state from now on. */
  serve(next: FlagState): void;
  /** Serves the newest of the states that a process can start from. */
  begin(candidates: readonly (FlagState | undefined)[]): void;
}

/** What served flags need. `onTrip` is called the moment a rollout is cut in this process. */
export interface ServedFlagsParts {
  readonly clock: Clock;
  readonly drops: DropCounter;
  readonly outcomes: OutcomeAccumulator;
  readonly warn: (message: string) => void;
  readonly onTrip: () => void;
}

/** Nothing is served yet. */
export function createServedFlags({ clock, drops, outcomes, warn, onTrip }: ServedFlagsParts): ServedFlags {
  let state: FlagState | undefined;
  const changes = createFlagChanges(drops);
  const book = createRolloutBook({ clock, rollouts: () => state?.rollouts ?? [] });
  const reader = createFlagReader({
    clock,
    watches: book.watches,
    outcomes,
    onTrip: ({ rolloutId, trip }) => {
      warn(`rollout ${rolloutId} is cut in this process: ${trip.reason?.text ?? ''}`);
      onTrip();
    },
  });
  const serve = (next: FlagState): void => {
    const before = state;
    state = next;
    reader.use(next);
    changes.compare(before, next);
    if (next.refused.length === 0) return;
    drops.add('rollout-invalid', next.refused.length);
    warn(`a rollout is not used: ${next.refused[0] ?? ''}`);
  };
  return {
    get state() {
      return state;
    },
    reader,
    book,
    changes,
    serve,
    begin(candidates) {
      const known = candidates.filter((candidate) => candidate !== undefined);
      const newest = Math.max(...known.map(({ revision }) => revision));
      const first = known.find(({ revision }) => revision === newest);
      if (first !== undefined) serve(first);
    },
  };
}
