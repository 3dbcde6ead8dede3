import { z } from 'zod';
import { pageQuery, timestamp } from './primitives.ts';

/** A metric whose new series were refused, with the label that makes them so many. */
export const explodingMetric = z.object({
  metric: z.string(),
  /** The label with the most values among the refused series; empty when they differ in no label. */
  label: z.string(),
  /** How many values of that label were refused, estimated within about 10%. */
  values: z.number().int(),
  /** A few of these values. */
  examples: z.array(z.string()),
  /** Points that were not stored. */
  refused: z.number().int(),
  firstAt: timestamp,
  lastAt: timestamp,
});
export type ExplodingMetric = z.infer<typeof explodingMetric>;

/** Series of one service against the limits. */
export const cardinalityView = z.object({
  service: z.string(),
  /** Series heard of lately. */
  active: z.number().int(),
  /** Series first heard of within the present hour. */
  newThisHour: z.number().int(),
  limits: z.object({ active: z.number().int(), newPerHour: z.number().int() }),
  /** `ok`; `near` from 80% of a limit; `refusing` while new series are refused. */
  state: z.enum(['ok', 'near', 'refusing']),
  /** Points of new series refused since the server started. */
  refused: z.number().int(),
  /** What is wrong and what to do, in a sentence; empty when nothing is. */
  advice: z.string(),
  /** Metrics that were refused, most points first, at most ten. */
  exploding: z.array(explodingMetric),
});
export type CardinalityView = z.infer<typeof cardinalityView>;

/** Services by number of series; those that refuse come first. */
export const cardinalityQuery = pageQuery.extend({ service: z.string().max(256).optional() });
