import { randomBytes } from 'node:crypto';
import { repeat } from '../../platform/scheduler/scheduler.ts';
import { SELF_SERVICE } from '../signals/api.ts';
import { ownPoints, type TelemetryStore } from '../telemetry/api.ts';
import type { Metric } from './metrics-text.ts';

export interface SelfRecorderOptions {
  readonly metrics: () => Promise<readonly Metric[]>;
  readonly write: TelemetryStore['write'];
  readonly clock: { now(): number };
  readonly instance: string;
  readonly onError: (error: unknown) => void;
}

const EVERY_MS = 10_000;
const BYTES_PER_POINT = 200;

/** Stores Belay's own metrics where those of all services are, so that they have baselines and alarms like any other. */
export function createSelfRecorder(options: SelfRecorderOptions): { readonly close: () => Promise<void> } {
  return repeat({ everyMs: EVERY_MS, run: () => recordOnce(options), onError: options.onError });
}

/** One reading of all metrics; resolves when it is stored. */
export async function recordOnce({ metrics, write, clock, instance }: SelfRecorderOptions): Promise<void> {
  const points = (await metrics()).flatMap(({ name, help, type, values }) =>
    values.map(({ labels = {}, value }) => ({ metric: name, description: help, kind: type, labels, value })),
  );
  const content = ownPoints(points, { service: SELF_SERVICE, instance, at: clock.now() });
  await write(content, { hash: randomBytes(8).readBigUInt64LE(), bytes: BYTES_PER_POINT * points.length });
}
