import { z } from 'zod';
import { actor, keyName, timestamp } from './primitives.ts';

/** One flag in flagd's format, without its key. */
export const flagDefinition = z.looseObject({
  state: z.enum(['ENABLED', 'DISABLED']),
  variants: z.record(z.string(), z.unknown()),
  defaultVariant: z.string().nullish(),
  targeting: z.unknown().optional(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).optional(),
});
export type FlagDefinition = z.infer<typeof flagDefinition>;

/** A flag as screens and the CLI show it. `version` is the ETag. */
export const flagView = z.object({
  key: z.string(),
  version: z.number().int(),
  description: z.string().nullable(),
  definition: flagDefinition,
  /** Plain words: who gets what now. */
  whoGetsWhat: z.string(),
  rolloutId: z.string().nullable(),
  lastChange: z.object({ at: timestamp, by: actor, what: z.string() }),
  /** Set when the flag has served one variant to everybody for 30 days or more. */
  staleSince: timestamp.nullable(),
  /** When a unit last read it; null in lists, and without a sign of it in the last hour. */
  evaluatedAt: timestamp.nullable(),
});
export type FlagView = z.infer<typeof flagView>;

export const flagWrite = z.object({
  key: keyName.optional(),
  description: z.string().max(500).nullish(),
  definition: flagDefinition,
});
export type FlagWrite = z.infer<typeof flagWrite>;

/** "Who would get it": evaluate for made-up contexts without serving them. */
export const flagTryRequest = z.object({
  contexts: z.array(z.record(z.string(), z.unknown())).min(1).max(100),
  /** A definition to try instead of the stored one. */
  definition: flagDefinition.optional(),
});
export type FlagTryRequest = z.infer<typeof flagTryRequest>;
export const flagTryResult = z.object({
  results: z.array(
    z.object({
      variant: z.string().nullable(),
      value: z.unknown(),
      reason: z.string(),
      why: z.string(),
      arm: z.enum(['randomised', 'forced']).nullable(),
      errorCode: z.string().nullable(),
    }),
  ),
});
export type FlagTryResult = z.infer<typeof flagTryResult>;
