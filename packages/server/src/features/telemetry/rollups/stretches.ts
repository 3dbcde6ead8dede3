/** A table that holds what arrived, as it came in or summed up: from fine to coarse. */
export interface Tier {
  readonly table: string;
  /** Seconds that a row of it sums up; 0 for rows as they came in. */
  readonly bucketSeconds: number;
  /** Unix second of arrival before which it is complete; infinite for rows as they came in. */
  readonly through: number;
  /** Unix second of arrival from which on it still has its rows; undefined when it has none at all. */
  readonly since: number | undefined;
}

/** What arrived in `[fromSecond, toSecond)` (Unix), as one table has it. */
export interface Stretch {
  readonly table: string;
  readonly bucketSeconds: number;
  readonly fromSecond: number;
  readonly toSecond: number;
}

export interface StretchQuestion {
  /** From fine to coarse; the first has the rows as they came in. */
  readonly tiers: readonly Tier[];
  /** Buckets must fit into it; 0 asks for rows as they came in wherever they are still there. */
  readonly stepSeconds: number;
  /** Unix second of arrival from which on rows count. */
  readonly sinceSecond: number;
}

/**
 * Which table answers for which arrivals, newest first. The coarsest table that fits the step answers for what it is
 * complete for, finer ones for what came since, and coarser ones for what the others have let go. Every arrival is in
 * one stretch at most, so nothing is counted twice, and in exactly one while any table that has seen it keeps it.
 */
export function stretchesOf({ tiers, stepSeconds, sinceSecond }: StretchQuestion): Stretch[] {
  const stretches: Stretch[] = [];
  let end = Number.POSITIVE_INFINITY;
  const take = ({ table, bucketSeconds }: Tier, from: number): void => {
    const fromSecond = Math.max(from, sinceSecond);
    if (fromSecond < end) stretches.push({ table, bucketSeconds, fromSecond, toSecond: end });
    end = Math.min(end, from);
  };
  const best = tiers.findLastIndex(({ bucketSeconds }) => fits(bucketSeconds, stepSeconds));
  tiers.forEach((tier, index) => {
    if (index < best) take(tier, tiers[index + 1]?.through ?? 0);
    else if (tier.since !== undefined) take(tier, tier.since);
  });
  return stretches;
}

function fits(bucketSeconds: number, stepSeconds: number): boolean {
  return bucketSeconds === 0 || (stepSeconds > 0 && stepSeconds % bucketSeconds === 0);
}
