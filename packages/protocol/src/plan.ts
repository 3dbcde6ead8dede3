import { z } from 'zod';
import { durationMs, keyName, shareOfUnits } from './primitives.ts';

/** `1%`, `0.5%`, `100%`. */
export const percentText = z
  .string()
  .regex(/^(100(\.0+)?|\d{1,2}(\.\d{1,4})?)%$/, 'write a percentage such as "1%" or "0.5%"');

/** `30s`, `10m`, `2h`, `7d`, `500ms`. */
export const durationText = z
  .string()
  .regex(/^\d+(\.\d+)?(ms|s|m|h|d|w)$/, 'write a duration such as "30s", "10m", "2h" or "7d"');

/** `0.5pp` (points), `3%` (relative) or `20ms`. */
export const toleranceText = z
  .string()
  .regex(/^\d+(\.\d+)?(pp|%|ms)$/, 'write a tolerance such as "0.5pp", "3%" or "20ms"');

export const stageInput = z.strictObject({
  to: percentText,
  soak: durationText.optional(),
  min: z.number().int().min(0).max(1e9).optional(),
  approve: z.boolean().optional(),
});

export const guardInput = z.strictObject({
  /** `http.errors`, `http.latency`, `http.ceiling`, or the name of a tracked value. */
  signal: z.string().min(1).max(128),
  worse_by: toleranceText.optional(),
  slower_than: z.enum(['p50', 'p90', 'p95', 'p99']).optional(),
  /** For tracked values: which direction hurts. */
  worse: z.enum(['up', 'down']).optional(),
  title: z.string().max(80).optional(),
});

/** A rollout as written in belay.yaml or sent to the API. Three lines (`flag`, `profile`, `component`) are enough. */
export const rolloutInput = z.strictObject({
  title: z.string().min(1).max(120).optional(),
  flag: keyName,
  component: keyName.optional(),
  profile: z.enum(['conservative', 'balanced', 'fast']).optional(),
  from: z.string().max(128).optional(),
  to: z.string().max(128).optional(),
  stages: z.array(stageInput).min(1).max(20).optional(),
  guards: z.array(guardInput).min(1).max(20).optional(),
  false_rollback: percentText.optional(),
  promote: z.enum(['evidence', 'clock']).optional(),
  no_data: z.strictObject({ grace: durationText, then: z.enum(['hold', 'rollback']) }).optional(),
  on_harm: z.enum(['rollback', 'hold']).optional(),
  cooldown: z.strictObject({ first: durationText, factor: z.number().min(1).max(100) }).optional(),
  lease: durationText.optional(),
  warm_up: durationText.optional(),
  reseed: z.boolean().optional(),
});
export type RolloutInput = z.infer<typeof rolloutInput>;

/** What `plan` answers before anything starts. */
export const planReport = z.object({
  /** `1% -> 10% -> 50% -> 100%, about 1 h 10, five guards`. */
  sentence: z.string(),
  flagKey: z.string(),
  component: z.string(),
  controlVariant: z.string(),
  canaryVariant: z.string(),
  profile: z.string(),
  durationMs,
  stages: z.array(
    z.object({
      share: shareOfUnits,
      soakMs: durationMs,
      minUnits: z.number().int(),
      approve: z.boolean(),
      unitsPerMinute: z.number().nullable(),
      /** `at your 60 requests/min a five-fold rise is provable in about 47 min`. */
      sentences: z.array(z.string()),
    }),
  ),
  guards: z.array(z.object({ id: z.string(), title: z.string(), limit: z.string(), sentence: z.string() })),
  /** Users on the canary in the first stage and in the last guarded stage, in words. */
  reach: z.string(),
  warnings: z.array(z.string()),
  /** Reasons for which policy would refuse a start right now. */
  conflicts: z.array(z.object({ code: z.string(), sentence: z.string() })),
});
export type PlanReport = z.infer<typeof planReport>;
