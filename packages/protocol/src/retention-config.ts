import { z } from 'zod';
import { durationText, percentText } from './plan.ts';

const days = durationText.refine((text) => /[dw]$/.test(text), 'write whole days or weeks such as "3d" or "4w"');
const bytesText = z.string().regex(/^\d+(\.\d+)?(MB|GB|TB)$/, 'write a size such as "500MB" or "20GB"');
const serviceName = z.string().min(1).max(200);

/** In full for `raw`, then a weighted sample until `keep`. */
const keeping = z.strictObject({ raw: days.optional(), keep: days.optional() });

/** `telemetry.retention`: how long what is kept. */
export const retentionConfig = z.strictObject({
  traces: keeping.optional(),
  logs: keeping.optional(),
  metrics: days.optional(),
  errors: days.optional(),
  evaluations: days.optional(),
  /** What guards judge and replays read; never thinned. */
  outcomes: days.optional(),
  /** Sums by minute, hour and day. */
  minutes: days.optional(),
  hours: days.optional(),
  days: days.optional(),
  services: z.record(serviceName, z.strictObject({ traces: keeping.optional(), logs: keeping.optional() })).optional(),
});

/** `telemetry.sampling`: what stays of traces and records that are older than `raw`. */
export const samplingConfig = z.strictObject({
  traces: percentText.optional(),
  logs: percentText.optional(),
  /** Traces with a span slower than this, and than 99% of its like, are kept. */
  slow: durationText.optional(),
  /** Operations whose traces are all kept; `*` stands for anything. */
  critical: z
    .array(
      z.strictObject({
        service: z.string().min(1).max(200).optional(),
        operation: z.string().min(1).max(300).optional(),
      }),
    )
    .max(50)
    .optional(),
  services: z.record(serviceName, percentText).optional(),
});

/** The part of `telemetry` that is about space and memory. */
export const storageConfig = {
  retention: retentionConfig.optional(),
  sampling: samplingConfig.optional(),
  /** Telemetry on disk above which days are thinned, then dropped, before their time. Default: what the disk allows. */
  disk_budget: bytesText.optional(),
  /** Below this much free disk nothing is stored. Default the larger of 1 GB and 5% of the disk, at most 10 GB. */
  min_free_disk: bytesText.optional(),
  /** Memory of the whole server with its engine. Default: what the container or the machine has, at most 2 GB. */
  memory_mb: z.number().int().min(384).max(1_048_576).optional(),
};
