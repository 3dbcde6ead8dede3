/** Counts what had to be dropped, so that nothing is lost silently. */
export interface DropCounter {
  /** Adds `count` (default 1) to a cause. */
  add(cause: DropCause, count?: number): void;
  /** All causes that ever happened. */
  totals(): Record<string, number>;
}

/**
 * Why something was dropped.
 * `outcomes-expired`, `outcomes-overflow`, `outcomes-rejected`, `outcomes-closed`: units that waited too long, did not
 * fit, were refused by the server, were left at the end. `series-limit`: more (rollout, variant) pairs than are kept.
 * `value-*`: tracked values. `snapshot-*`: answers of the server that could not be used. `rollout-*`: single rollouts
 * in a snapshot. `listener`: a subscriber threw.
 */
export type DropCause =
  | 'outcomes-expired'
  | 'outcomes-overflow'
  | 'outcomes-rejected'
  | 'outcomes-closed'
  | 'series-limit'
  | 'value-outside-unit'
  | 'value-not-a-number'
  | 'value-limit'
  | 'snapshot-invalid'
  | 'snapshot-older'
  | 'snapshot-file'
  | 'rollout-invalid'
  | 'listener'
  | 'reading';

/** A counter that starts at nothing. */
export function createDropCounter(): DropCounter {
  const counts = new Map<DropCause, number>();
  return {
    add(cause, count = 1) {
      if (count > 0) counts.set(cause, (counts.get(cause) ?? 0) + count);
    },
    totals: () => Object.fromEntries(counts),
  };
}
