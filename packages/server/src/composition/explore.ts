import { createLogs, type Logs } from '../features/logs/api.ts';
import type { TelemetryStore } from '../features/telemetry/api.ts';
import type { Composing } from './composing.ts';

/** Questions about logs and traces. */
export function createExplore({ log, opened, clock }: Composing, telemetry: TelemetryStore) {
  const logs: Logs = createLogs({ telemetry, clock, log });
  opened.add(async () => logs.close());
  return { features: [logs], endStreams: () => logs.close() };
}
