import type { RolloutOverlay } from '@belay/core/flag';
import { type LocalTrip, createLocalTrip } from './local-trip.ts';
import { type RecentKeys, createRecentKeys } from './recent-keys.ts';

/** What this process knows about one attempt of a rollout: its lease, its trip, and whom it has seen. */
export interface RolloutWatch {
  readonly rolloutId: string;
  readonly attempt: number;
  readonly flagKey: string;
  /** Monotonic ms until which the new variant may be served. */
  leaseEndsAt: number;
  readonly trip: LocalTrip;
  /** Units whose first exposure has been counted. */
  readonly exposed: RecentKeys;
  /** Units whose failure has been counted, for 300 s. */
  readonly failed: RecentKeys;
  /** Whether the present lapse of the lease has been noted. */
  isLapseNoted: boolean;
}

/** Whether the new variant is served here, and if not, why. */
export type WatchState = 'serving' | 'lapsed' | 'tripped';

/** All rollouts that this process has heard of. */
export interface RolloutWatches {
  /** The watch of an attempt; a new attempt begins with a new one, and without a lease. */
  of(overlay: RolloutOverlay): RolloutWatch;
  /** Lets the named rollouts be served for their `leaseMs` from `at` (monotonic ms). */
  grant(overlays: readonly RolloutOverlay[], leases: readonly string[], at: number): void;
}

/** How long a unit's further failures are not counted, in milliseconds (statistics, 1.8). */
export const failureWindowMs: number = 300_000;

/** Keys remembered for one purpose, in fixed memory. */
export const rememberedKeys: number = 50_000;

/** Attempts whose trip is remembered after they have left the snapshot. */
const rememberedRollouts = 500;

/** Knows no rollout yet. */
export function createRolloutWatches(): RolloutWatches {
  const watches = new Map<string, RolloutWatch>();
  const find = (overlay: RolloutOverlay): RolloutWatch => {
    const key = `${overlay.attempt} ${overlay.rolloutId}`;
    const known = watches.get(key);
    if (known !== undefined) return known;
    const oldest = watches.size >= rememberedRollouts ? watches.keys().next().value : undefined;
    if (oldest !== undefined) watches.delete(oldest);
    const watch = openWatch(overlay);
    watches.set(key, watch);
    return watch;
  };
  return {
    of: find,
    grant(overlays, leases, at) {
      const named = new Set(leases);
      for (const overlay of overlays) {
        if (named.has(overlay.rolloutId)) find(overlay).leaseEndsAt = at + overlay.leaseMs;
      }
    },
  };
}

/** Whether a rollout's new variant may be served at `now` (monotonic ms). */
export function watchState(watch: RolloutWatch, now: number): WatchState {
  if (watch.trip.reason !== undefined) return 'tripped';
  return now < watch.leaseEndsAt ? 'serving' : 'lapsed';
}

function openWatch({ rolloutId, attempt, flagKey }: RolloutOverlay): RolloutWatch {
  return {
    rolloutId,
    attempt,
    flagKey,
    leaseEndsAt: -Infinity,
    trip: createLocalTrip(),
    exposed: createRecentKeys(rememberedKeys, Infinity),
    failed: createRecentKeys(rememberedKeys, failureWindowMs),
    isLapseNoted: false,
  };
}
