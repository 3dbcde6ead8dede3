import { bucketUpperBound } from '@belay/core';
import { type Baseline, bucketPairsOf, quantileBucket } from '@belay/core/statistics';
import type { TelemetryStore } from '../telemetry/api.ts';

const DAY_MS = 86_400_000;
/** Fewer units tell too little of a distribution; the engine then learns it from the first control units. */
const LEAST_UNITS = 200;

/** What the old path did over the last day. */
export interface History {
  /** Empty where there was too little: the engine learns it then. */
  readonly baseline: Baseline;
  readonly p95Ms: number | null;
  readonly unitsPerSecond: number | null;
  readonly errorRate: number | null;
}

/** Reads the last 24 hours of a variant. A store that does not answer gives an empty history: power, not validity. */
export async function readHistory(
  telemetry: TelemetryStore,
  { flagKey, variant, now }: { readonly flagKey: string; readonly variant: string | null; readonly now: number },
): Promise<History> {
  const nothing: History = { baseline: {}, p95Ms: null, unitsPerSecond: null, errorRate: null };
  if (variant === null) return nothing;
  const found = await telemetry
    .readBaseline({ flagKey, variant, fromMs: now - DAY_MS, throughMs: now })
    .catch(() => undefined);
  if (found === undefined || found.units < LEAST_UNITS) return nothing;
  const duration = bucketPairsOf(found.duration);
  const bucket = quantileBucket(duration, 0.95);
  const seconds = Math.max(1, ((found.lastAt ?? now) - (found.firstAt ?? now)) / 1000);
  return {
    baseline: {
      errorRate: found.errors / found.units,
      duration,
      values: Object.fromEntries(
        [...found.values].map(([name, buckets]) => [name, { units: found.units, buckets: bucketPairsOf(buckets) }]),
      ),
    },
    p95Ms: bucket === undefined ? null : bucketUpperBound(bucket),
    unitsPerSecond: found.units / seconds,
    errorRate: found.errors / found.units,
  };
}
