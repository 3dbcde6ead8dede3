import { repeat } from '../../platform/scheduler/scheduler.ts';
import type { TelemetryStore } from './api.ts';

interface OutcomeTimesOptions {
  readonly telemetry: Pick<TelemetryStore, 'lastSeen' | 'stats'>;
  readonly clock: { now(): number };
  readonly onError: (error: unknown) => void;
}

/** When each instance last sent an outcome, refreshed in the background so that a page costs no query. */
export interface OutcomeTimes {
  lastOutcomeAt(service: string, instance: string): number | null;
  close(): Promise<void>;
}

const REFRESH_MS = 5000;
const LOOK_BACK_MS = 600_000;

export function createOutcomeTimes({ telemetry, clock, onError }: OutcomeTimesOptions): OutcomeTimes {
  let times = new Map<string, number | null>();
  let seenCommit: number | null = null;
  const refreshing = repeat({
    everyMs: REFRESH_MS,
    onError,
    run: async () => {
      const { lastCommitAt } = telemetry.stats();
      // Nothing was stored since the last look, so nothing can have changed.
      if (lastCommitAt === null || lastCommitAt === seenCommit) return;
      const seen = await telemetry.lastSeen({ sinceMs: clock.now() - LOOK_BACK_MS });
      times = new Map(seen.map(({ service, instance, outcomeAt }) => [keyOf(service, instance), outcomeAt]));
      seenCommit = lastCommitAt;
    },
  });
  return {
    lastOutcomeAt: (service, instance) => times.get(keyOf(service, instance)) ?? null,
    close: () => refreshing.close(),
  };
}

function keyOf(service: string, instance: string): string {
  return JSON.stringify([service, instance]);
}
