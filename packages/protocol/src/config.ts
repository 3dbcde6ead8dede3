import { z } from 'zod';
import { checksConfig } from './checks-config.ts';
import { durationText, percentText, rolloutInput } from './plan.ts';
import { keyName } from './primitives.ts';
import { safetyConfig } from './safety-config.ts';
import { telemetryConfig } from './telemetry-config.ts';
import { signalsConfig } from './signals-config.ts';

const weekday = z.enum(['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']);

/** A window in which nothing is started or promoted; times are `HH:MM` in `timezone`. */
export const freezeWindow = z.strictObject({
  name: z.string().min(1).max(80),
  weekdays: z.array(weekday).min(1).optional(),
  from: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'write a time such as "17:00"')
    .optional(),
  to: z
    .string()
    .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'write a time such as "24:00"')
    .optional(),
  dates: z
    .array(
      z.string().regex(/^\d{4}-\d{2}-\d{2}(\.\.\d{4}-\d{2}-\d{2})?$/, 'write "2026-12-24" or "2026-12-24..2027-01-02"'),
    )
    .optional(),
  timezone: z.string().max(64).optional(),
});
export type FreezeWindow = z.infer<typeof freezeWindow>;

/** belay.yaml. Every key has a default and a `BELAY_*` twin; secrets never stand in it. */
export const belayConfig = z.strictObject({
  server: z
    .strictObject({
      port: z.number().int().min(0).max(65535).optional(),
      host: z.string().max(255).optional(),
      data: z.string().max(1024).optional(),
      public_url: z.url().optional(),
      clickhouse_url: z.url().optional(),
      log_level: z.enum(['debug', 'info', 'warn', 'error']).optional(),
      body_limit_mb: z.number().int().min(1).max(512).optional(),
      requests_per_minute: z.number().int().min(60).max(1_000_000).optional(),
    })
    .optional(),
  policy: z
    .strictObject({
      profile: z.enum(['conservative', 'balanced', 'fast']).optional(),
      environment: z.enum(['production', 'staging', 'development']).optional(),
      freeze: z.array(freezeWindow).max(50).optional(),
      cooldown: z.strictObject({ first: durationText, factor: z.number().min(1).max(100) }).optional(),
      max_attempts: z.number().int().min(1).max(10).optional(),
      false_rollback: percentText.optional(),
      warn_at: z.number().min(1).max(1000).optional(),
      lease: durationText.optional(),
      minimum_soak: durationText.optional(),
    })
    .optional(),
  telemetry: telemetryConfig.optional(),
  rollouts: z.record(keyName, rolloutInput).optional(),
  ...signalsConfig,
  ...checksConfig,
  ...safetyConfig,
});
export type BelayConfig = z.infer<typeof belayConfig>;
