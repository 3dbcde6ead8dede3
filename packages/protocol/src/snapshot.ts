import { z } from 'zod';

/** A running rollout as an SDK sees it: who is on which side, and how long the permission to expose lasts. */
export const rolloutOverlay = z.object({
  rolloutId: z.string(),
  attempt: z.number().int().positive(),
  flagKey: z.string(),
  controlVariant: z.string(),
  canaryVariant: z.string(),
  /** Millionths of all units that get the canary variant. */
  share: z.number().int().min(0).max(1_000_000),
  seed: z.string(),
  bucketing: z.literal('flagd-v2'),
  leaseMs: z.number().int().positive(),
});
export type RolloutOverlayView = z.infer<typeof rolloutOverlay>;

/**
 * Everything an SDK needs, whole. `revision` grows with every change; an SDK never goes back.
 * `definitions` is a flagd document. Leases: the canary variant of a rollout may be served for `leaseMs` after the
 * last `snapshot` or `lease` event that named it; then the SDK serves the control variant.
 */
export const flagSnapshot = z.object({
  revision: z.number().int().nonnegative(),
  definitions: z.looseObject({ flags: z.record(z.string(), z.unknown()) }),
  rollouts: z.array(rolloutOverlay),
  /** Rollouts whose lease is granted by this message. */
  leases: z.array(z.string()),
});
export type FlagSnapshot = z.infer<typeof flagSnapshot>;

/** Sent every few seconds: proof of life and renewed leases. */
export const leaseEvent = z.object({ revision: z.number().int(), leases: z.array(z.string()) });
export type LeaseEvent = z.infer<typeof leaseEvent>;

/** Query of the flag stream and of the poll: who is asking. */
export const instanceQuery = z.object({
  service: z.string().min(1).max(128),
  instance: z.string().min(1).max(128),
  sdk: z.string().max(64).default('unknown'),
});

/** An SDK reports the revision it now serves. */
export const appliedReport = z.object({
  service: z.string().min(1).max(128),
  instance: z.string().min(1).max(128),
  revision: z.number().int().nonnegative(),
  /** Milliseconds between receiving the snapshot and serving it. */
  applyMs: z.number().nonnegative(),
  /** Rollouts that this instance has tripped locally, with the reason. */
  trips: z
    .array(
      z.object({
        rolloutId: z.string().max(128),
        units: z.number().int().nonnegative(),
        errors: z.number().int().nonnegative(),
        reason: z.string().max(500),
      }),
    )
    .max(100)
    .default([]),
  /** Rollouts whose lease this instance has let lapse, and the control variant it serves instead. */
  lapsed: z.array(z.string().max(128)).max(100).default([]),
  /** Everything this instance has dropped so far, by cause. */
  dropped: z
    .record(z.string().max(64), z.number().int().nonnegative())
    .refine((causes) => Object.keys(causes).length <= 64, 'name at most 64 causes')
    .default({}),
});
export type AppliedReport = z.infer<typeof appliedReport>;

/** One running instance of a service as Belay knows it. */
export const instanceView = z.object({
  service: z.string(),
  instance: z.string(),
  sdk: z.string(),
  connected: z.boolean(),
  lastSeenAt: z.number(),
  appliedRevision: z.number().int().nullable(),
  appliedAt: z.number().nullable(),
  lastOutcomeAt: z.number().nullable(),
  dropped: z.record(z.string(), z.number().int()),
});
export type InstanceView = z.infer<typeof instanceView>;
