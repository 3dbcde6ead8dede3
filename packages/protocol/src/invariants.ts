import { z } from 'zod';
import { durationMs, timestamp } from './primitives.ts';

/** What set off a check of an invariant. */
export const invariantOccasion = z.enum(['hourly', 'deploy', 'demand', 'start']);
export type InvariantOccasion = z.infer<typeof invariantOccasion>;

/** A named query over a database, and whether it holds. */
export const invariantView = z.object({
  name: z.string(),
  /** The database, by its name in `backups.sources`. */
  source: z.string(),
  sql: z.string(),
  min: z.number().nullable(),
  max: z.number().nullable(),
  /** `failed`: it could not be asked, which is neither good nor bad; `unknown`: not asked yet. */
  outcome: z.enum(['holds', 'broken', 'failed', 'unknown']),
  /** What was seen, or why it could not be asked. */
  detail: z.string().nullable(),
  /** Since when the outcome is what it is. */
  since: timestamp.nullable(),
  checkedAt: timestamp.nullable(),
  ms: durationMs.nullable(),
  occasion: invariantOccasion.nullable(),
});
export type InvariantView = z.infer<typeof invariantView>;

/** All invariants, and what they stop. */
export const invariantList = z.object({
  items: z.array(invariantView),
  /** Why no rollout goes on now; null while none is broken. */
  blocks: z.string().nullable(),
});
export type InvariantList = z.infer<typeof invariantList>;

/** Which invariants to check; without names all. */
export const invariantCheckRequest = z.strictObject({ names: z.array(z.string().min(1).max(80)).max(200).optional() });
export type InvariantCheckRequest = z.infer<typeof invariantCheckRequest>;
