import { z } from 'zod';

/** Unix time in milliseconds, UTC. */
export const timestamp = z.number().int().nonnegative().meta({ description: 'Unix time in milliseconds, UTC' });

/** Duration in milliseconds. */
export const durationMs = z.number().int().nonnegative().meta({ description: 'Duration in milliseconds' });

/** Share of units, 0 to 1. */
export const shareOfUnits = z.number().min(0).max(1).meta({ description: 'Share of units, 0 to 1' });

/** Key of a flag or rollout: letters, digits, dot, dash, underscore, slash. */
export const keyName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9][A-Za-z0-9._/-]*$/, 'use letters, digits, ".", "-", "_" or "/", starting with a letter or digit');

/** Who did something. */
export const actor = z.object({
  kind: z.enum(['person', 'machine']),
  name: z.string().max(128),
  /** How it was done: `dashboard`, `cli`, `api`, `guard`, `policy`, `lease`. */
  via: z.string().max(32),
});
export type ActorView = z.infer<typeof actor>;

/** One page of a list, newest first; `next` is the cursor of the following page. */
export const page = <T extends z.ZodType>(item: T) => z.object({ items: z.array(item), next: z.string().nullable() });

/** Query parameters of every list. */
export const pageQuery = z.object({
  cursor: z.string().max(256).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
});

/** A reason in the actor's words. */
export const reasonBody = z.object({ reason: z.string().trim().min(1).max(1000).optional() });
export type ReasonBody = z.infer<typeof reasonBody>;
