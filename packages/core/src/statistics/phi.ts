/** Units and bad units per hash group of control. */
export interface GroupTotals {
  readonly n: readonly number[];
  readonly errors: readonly number[];
}

/**
 * Dispersion between groups of users, >= 1 (1.8): how much more the control groups differ than independent units
 * would, shrunk towards 1 by eight pseudo-groups and multiplied by 1.25 as a safety factor. 1 below five bad units.
 */
export function phi(groups: GroupTotals): number {
  let n = 0;
  let errors = 0;
  let used = 0;
  for (let g = 0; g < groups.n.length; g += 1) {
    n += groups.n[g] ?? 0;
    errors += groups.errors[g] ?? 0;
    if ((groups.n[g] ?? 0) > 0) used += 1;
  }
  const p = errors / n;
  if (errors < 5 || used < 2 || p >= 1) return 1;
  let chiSquare = 0;
  for (let g = 0; g < groups.n.length; g += 1) {
    const size = groups.n[g] ?? 0;
    if (size > 0) chiSquare += ((groups.errors[g] ?? 0) - size * p) ** 2 / (size * p * (1 - p));
  }
  return Math.max(1, (1.25 * (8 + chiSquare)) / (8 + used - 1));
}
