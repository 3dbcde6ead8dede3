import { requireRollout } from '../features/changes/api.ts';
import { createLogs } from '../features/logs/api.ts';
import type { TelemetryStore } from '../features/telemetry/api.ts';
import { createTraces } from '../features/traces/api.ts';
import type { Database } from '../platform/sqlite/database.ts';
import type { Composing } from './composing.ts';

/** Questions about logs and traces. */
export function createExplore({ log, opened, clock }: Composing, db: Database, telemetry: TelemetryStore) {
  const logs = createLogs({ telemetry, clock, log });
  opened.add(async () => logs.close());
  const traces = createTraces({
    telemetry,
    clock,
    rolloutSides: async (rollout) => {
      const { state } = await requireRollout(db, rollout);
      const { flagKey, canaryVariant, controlVariant } = state.plan;
      const endedAt = state.ending?.at ?? null;
      return { flagKey, canaryVariant, controlVariant, startedAt: state.startedAt, endedAt };
    },
  });
  return { features: [logs, traces], endStreams: () => logs.close() };
}
