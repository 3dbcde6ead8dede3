import { z } from 'zod';
import { durationText } from './plan.ts';

/** `telemetry` of belay.yaml: what is taken in. */
export const telemetryConfig = z.strictObject({
  /** New series that one service may bring within an hour. */
  series_new_per_hour: z.number().int().min(1).max(100_000_000).optional(),
  /** Series of one service that may be active (heard of within the last hour or two) at once. */
  series_active: z.number().int().min(1).max(100_000_000).optional(),
  /** Labels that name the service of a remote-write sample; the first that is there counts. */
  service_labels: z.array(z.string().min(1).max(128)).min(1).max(10).optional(),
  /** Points older than this when they arrive are refused. */
  sample_max_age: durationText.optional(),
  /** Points further in the future than this when they arrive are refused. */
  sample_max_ahead: durationText.optional(),
});
export type TelemetryConfig = z.infer<typeof telemetryConfig>;
