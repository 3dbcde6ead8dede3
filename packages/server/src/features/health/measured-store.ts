import { createDurationWindow, type DurationWindow } from '../../platform/clock/duration-window.ts';
import type { TelemetryStore } from '../telemetry/api.ts';

/** A store that tells how it is doing for those who send. */
export interface MeasuredStore {
  readonly store: TelemetryStore;
  readonly acknowledging: DurationWindow;
  /** When something that was sent had been stored for the last time, Unix ms; what Belay says of itself does not count. */
  readonly lastStoredAt: () => number | null;
}

/** Measures writes on their way into `telemetry`. */
export function measureStore(telemetry: TelemetryStore, clock: { now(): number }): MeasuredStore {
  const acknowledging = createDurationWindow();
  let lastStoredAt: number | null = null;
  return {
    acknowledging,
    lastStoredAt: () => lastStoredAt,
    store: {
      ...telemetry,
      async write(content, request) {
        const outcome = await acknowledging.time(() => telemetry.write(content, request));
        lastStoredAt = clock.now();
        return outcome;
      },
    },
  };
}
