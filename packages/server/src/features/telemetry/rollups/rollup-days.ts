import { rollupFamilies } from './rollup-families.ts';
import { insertInto, type RollupMarks } from './rollup-maker.ts';

const DAY = 86_400;

/** Unix ms of arrival through which the first rollup of a table is complete; infinite for tables without one. */
export function rolledThrough(marks: RollupMarks, table: string): number {
  const families = rollupFamilies.filter(
    ({ tiers }) => tiers[0]?.source === table || tiers.some((tier) => tier.table === table),
  );
  const own = families.flatMap(({ tiers }) => tiers.filter(({ source }) => source === table));
  if (own.length === 0) return Number.POSITIVE_INFINITY;
  return 1000 * Math.min(...own.map((tier) => marks.get(tier.table) ?? 0));
}

/** Whether all chunks of a rollup's day are there, and every coarser rollup has read them. */
export function isCompactable(marks: RollupMarks, table: string, dayEndMs: number): boolean {
  const tier = rollupFamilies.flatMap(({ tiers }) => tiers).find((candidate) => candidate.table === table);
  if (tier === undefined || tier.chunkSeconds >= DAY) return false;
  return 1000 * (marks.get(tier.table) ?? 0) >= dayEndMs && rolledThrough(marks, table) >= dayEndMs;
}

/** The INSERT that puts rows of the same bucket together; `from` is the Unix second at which the day begins. */
export function compactRollup(table: string, into: string, from: number): string {
  for (const family of rollupFamilies) {
    const tier = family.tiers.find((candidate) => candidate.table === table);
    if (tier === undefined) continue;
    const where = `_in >= toDateTime(${from}, 'UTC') AND _in < toDateTime(${from + DAY}, 'UTC')`;
    return insertInto(
      into,
      family,
      from,
      family.fromRollup({ source: table, bucketSeconds: tier.bucketSeconds, where }),
    );
  }
  throw new RangeError(`${table} is no rollup`);
}
