import type { RedactionOptions } from '@belay/core/redaction';
import { parseDuration } from '@belay/core/rollout';
import type { TelemetryConfig } from '@belay/protocol';
import type { RetentionPolicy } from '../features/storage/api.ts';
import { bytesOf, retentionOf } from './retention-settings.ts';

/** What is taken in, in numbers. */
export interface TelemetrySettings {
  readonly seriesNewPerHour: number;
  readonly seriesActive: number;
  readonly serviceLabels: readonly string[];
  readonly sampleMaxAgeMs: number;
  readonly sampleMaxAheadMs: number;
  readonly redaction: RedactionOptions;
  readonly retention: RetentionPolicy;
  /** Null: by the size of the disk. */
  readonly minFreeDiskBytes: number | null;
  /** Null: by what the container or the machine has. */
  readonly memoryMb: number | null;
}

/** `telemetry` of belay.yaml with every default filled in. */
export type TelemetryInput = {
  readonly [Key in Exclude<keyof TelemetryConfig, Nullable>]-?: NonNullable<TelemetryConfig[Key]>;
} & { readonly [Key in Nullable]: NonNullable<TelemetryConfig[Key]> | null };

/** Keys without a default of their own. */
type Nullable = 'disk_budget' | 'min_free_disk' | 'memory_mb';

/** Turns `telemetry` of belay.yaml into numbers; its schema has checked the texts. */
export function telemetryOf(input: TelemetryInput): TelemetrySettings {
  return {
    seriesNewPerHour: input.series_new_per_hour,
    seriesActive: input.series_active,
    serviceLabels: input.service_labels,
    sampleMaxAgeMs: parseDuration(input.sample_max_age) ?? 0,
    sampleMaxAheadMs: parseDuration(input.sample_max_ahead) ?? 0,
    redaction: redactionOf(input.redaction),
    retention: retentionOf(input),
    minFreeDiskBytes: bytesOf(input.min_free_disk),
    memoryMb: input.memory_mb,
  };
}

function redactionOf({ off, keys, patterns }: TelemetryInput['redaction']): RedactionOptions {
  return {
    ...(off === undefined ? {} : { off }),
    ...(keys === undefined ? {} : { keys }),
    ...(patterns === undefined ? {} : { patterns }),
  };
}
