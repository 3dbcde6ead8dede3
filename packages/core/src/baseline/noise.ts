import { neighbourCorrelation, robustDeviation } from './robust.ts';
import type { HourPoint } from './season.ts';

/**
 * Long-run standard deviation of hourly residuals: the larger of their robust deviation corrected for memory,
 * `MAD sqrt((1+rho)/(1-rho))`, and `sqrt(24)` times that of daily means (statistics 4.2). It is what sums of many
 * residuals deviate by, and larger than the deviation of one hour wherever hours resemble their neighbours.
 */
export function longRunDeviation(residuals: readonly HourPoint[]): number {
  const sorted = residuals.toSorted((a, b) => a.hour - b.hour);
  const positions = sorted.map(({ position }) => position);
  const deviation = robustDeviation(positions);
  const pairs: [number, number][] = [];
  for (const [index, { hour, position }] of sorted.entries()) {
    const next = sorted[index + 1];
    if (next !== undefined && next.hour === hour + 1) pairs.push([position, next.position]);
  }
  const rho = Math.min(0.95, Math.max(0, neighbourCorrelation(pairs, { centre: 0, deviation })));
  const withMemory = deviation * Math.sqrt((1 + rho) / (1 - rho));
  return Math.max(withMemory, Math.sqrt(24) * robustDeviation(dailyMeans(sorted)));
}

function dailyMeans(residuals: readonly HourPoint[]): number[] {
  const days = new Map<number, { sum: number; count: number }>();
  for (const { hour, position } of residuals) {
    const day = Math.floor(hour / 24);
    const known = days.get(day) ?? { sum: 0, count: 0 };
    days.set(day, known);
    known.sum += position;
    known.count += 1;
  }
  return [...days.values()].flatMap(({ sum, count }) => (count >= HALF_A_DAY ? [sum / count] : []));
}

const HALF_A_DAY = 12;
