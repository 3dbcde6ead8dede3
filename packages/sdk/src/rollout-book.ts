import type { RolloutOverlay } from '@belay/core/flag';
import type { AppliedReport } from './applied-reporter.ts';
import type { Clock } from './clock.ts';
import { type RolloutWatches, createRolloutWatches, watchState } from './rollout-watch.ts';
import type { RolloutStatus } from './types.ts';

/** Keeps the books on the running rollouts: leases, lapses, trips. */
export interface RolloutBook {
  readonly watches: RolloutWatches;
  /** Notes leases that have run out since the last call; says whether there were any. */
  noteLapses(): boolean;
  /** What the server must know. */
  report(): Pick<AppliedReport, 'trips' | 'lapsed'>;
  /** The server knows it now. */
  told(report: AppliedReport): void;
  states(): readonly RolloutStatus[];
  shortestLeaseMs(): number | undefined;
}

/** What a book needs: the rollouts that run now. */
export interface RolloutBookParts {
  readonly clock: Clock;
  readonly rollouts: () => readonly RolloutOverlay[];
}

/** Most entries that the server takes in one report. */
const maximumEntries = 100;

/** An empty book. */
export function createRolloutBook({ clock, rollouts }: RolloutBookParts): RolloutBook {
  const watches = createRolloutWatches();
  const untold = new Set<string>();
  const lapsedNow = (): string[] => {
    const now = clock.monotonic();
    return rollouts()
      .map((overlay) => watches.of(overlay))
      .filter((watch) => watch.leaseEndsAt > -Infinity && watchState(watch, now) === 'lapsed')
      .map((watch) => watch.rolloutId);
  };
  return {
    watches,
    noteLapses() {
      const now = clock.monotonic();
      let hasNew = false;
      for (const overlay of rollouts()) {
        const watch = watches.of(overlay);
        const isLapsed = watch.leaseEndsAt > -Infinity && now >= watch.leaseEndsAt;
        if (isLapsed && !watch.isLapseNoted) {
          untold.add(watch.rolloutId);
          hasNew = true;
        }
        watch.isLapseNoted = isLapsed;
      }
      return hasNew;
    },
    report() {
      const trips = rollouts().flatMap((overlay) => {
        const { rolloutId, trip } = watches.of(overlay);
        if (trip.reason === undefined) return [];
        return [
          { rolloutId, units: trip.reason.units, errors: trip.reason.errors, reason: trip.reason.text.slice(0, 500) },
        ];
      });
      const lapsed = [...new Set([...untold, ...lapsedNow()])];
      return { trips: trips.slice(0, maximumEntries), lapsed: lapsed.slice(0, maximumEntries) };
    },
    told({ lapsed }) {
      for (const rolloutId of lapsed) untold.delete(rolloutId);
    },
    states() {
      const now = clock.monotonic();
      return rollouts().map((overlay) => {
        const watch = watches.of(overlay);
        return { rolloutId: watch.rolloutId, flagKey: watch.flagKey, state: watchState(watch, now) };
      });
    },
    shortestLeaseMs() {
      const leases = rollouts().map(({ leaseMs }) => leaseMs);
      return leases.length === 0 ? undefined : Math.min(...leases);
    },
  };
}
