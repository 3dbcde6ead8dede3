import { checkOwnPattern, redactionRules, type RedactionRule } from '@belay/core/redaction';
import { z } from 'zod';
import { durationText } from './plan.ts';
import { storageConfig } from './retention-config.ts';

const ruleNames = Object.keys(redactionRules) as [RedactionRule, ...RedactionRule[]];

/** What is taken out of attributes and texts before they are stored, besides or instead of the built-in rules. */
export const redactionConfig = z.strictObject({
  /** Built-in rules that are switched off. */
  off: z.array(z.enum(ruleNames)).max(ruleNames.length).optional(),
  /** Further attribute keys whose values are taken out, in any case. */
  keys: z
    .array(z.string().regex(/^[\x21-\x7e]{3,128}$/, 'write 3 to 128 characters of printable ASCII'))
    .max(100)
    .optional(),
  /** Further patterns, each for texts that hold `contains`. */
  patterns: z
    .array(
      z
        .strictObject({ name: z.string().regex(/^[\w.-]{1,40}$/), contains: z.string(), pattern: z.string() })
        .superRefine((own, context) => {
          const problem = checkOwnPattern(own);
          if (problem !== undefined) context.addIssue({ code: 'custom', message: problem, path: ['pattern'] });
        }),
    )
    .max(20)
    .optional(),
});

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
  /** Secrets are taken out of attributes, log bodies and errors before they are stored. */
  redaction: redactionConfig.optional(),
  ...storageConfig,
});
export type TelemetryConfig = z.infer<typeof telemetryConfig>;
