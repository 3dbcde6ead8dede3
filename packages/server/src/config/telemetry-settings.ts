import type { RedactionOptions } from '@belay/core/redaction';
import { parseDuration } from '@belay/core/rollout';
import type { TelemetryConfig } from '@belay/protocol';

/** What is taken in, in numbers. */
export interface TelemetrySettings {
  readonly seriesNewPerHour: number;
  readonly seriesActive: number;
  readonly serviceLabels: readonly string[];
  readonly sampleMaxAgeMs: number;
  readonly sampleMaxAheadMs: number;
  readonly redaction: RedactionOptions;
}

/** `telemetry` of belay.yaml with every default filled in. */
export type TelemetryInput = { readonly [Key in keyof TelemetryConfig]-?: NonNullable<TelemetryConfig[Key]> };

/** Turns `telemetry` of belay.yaml into numbers; its schema has checked the texts. */
export function telemetryOf(input: TelemetryInput): TelemetrySettings {
  return {
    seriesNewPerHour: input.series_new_per_hour,
    seriesActive: input.series_active,
    serviceLabels: input.service_labels,
    sampleMaxAgeMs: parseDuration(input.sample_max_age) ?? 0,
    sampleMaxAheadMs: parseDuration(input.sample_max_ahead) ?? 0,
    redaction: redactionOf(input.redaction),
  };
}

function redactionOf({ off, keys, patterns }: TelemetryInput['redaction']): RedactionOptions {
  return {
    ...(off === undefined ? {} : { off }),
    ...(keys === undefined ? {} : { keys }),
    ...(patterns === undefined ? {} : { patterns }),
  };
}
