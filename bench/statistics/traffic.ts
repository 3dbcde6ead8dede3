import { bucketIndexOf, type OutcomeBlock, type SideCounts } from '@belay/core';
import type { Random } from './random.ts';

/** One side's behaviour within a second. */
export interface SideTraffic {
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  /** Draws a duration in milliseconds; without it no durations are recorded. */
  readonly duration?: () => number;
  /** Draws tracked values by name for one unit. */
  readonly value?: { readonly name: string; readonly draw: () => number };
}

/** One second of Poisson traffic on both sides; bad units are spread over 32 groups of users. */
export function drawBlock(
  random: Random,
  second: number,
  sides: Record<'canary' | 'control', SideTraffic>,
): OutcomeBlock {
  const canary = drawSide(random, sides.canary);
  const control = drawSide(random, sides.control);
  const n = Array.from({ length: GROUPS }, () => 0);
  const errors = Array.from({ length: GROUPS }, () => 0);
  for (let unit = 0; unit < control.n; unit += 1) {
    const group = Math.floor(random.next() * GROUPS);
    n[group] = (n[group] ?? 0) + 1;
    // Units of a Poisson stream are exchangeable: the first ones may be called the bad ones.
    if (unit < control.errors) errors[group] = (errors[group] ?? 0) + 1;
  }
  return { second, canary, control, controlGroups: { n, errors } };
}

function drawSide(random: Random, traffic: SideTraffic): SideCounts {
  const n = random.poisson(traffic.requestsPerSecond);
  const errors = random.binomial(n, traffic.errorRate);
  const duration = new Map<number, number>();
  const values = new Map<string, Map<number, number>>();
  for (let unit = 0; unit < n; unit += 1) {
    if (traffic.duration !== undefined) add(duration, traffic.duration());
    if (traffic.value === undefined) continue;
    const histogram = values.get(traffic.value.name) ?? new Map<number, number>();
    values.set(traffic.value.name, histogram);
    add(histogram, traffic.value.draw());
  }
  return { n, errors, exposures: n, distinctBad: errors, duration, values };
}

function add(histogram: Map<number, number>, value: number): void {
  const index = bucketIndexOf(value);
  histogram.set(index, (histogram.get(index) ?? 0) + 1);
}

/** Durations of a usual web service: lognormal around 80 ms, and 2 % of slow ones. */
export function drawDuration(random: Random, factor: number = 1): () => number {
  return () =>
    factor * (random.next() < 0.02 ? 800 * Math.exp(0.8 * random.normal()) : 80 * Math.exp(0.6 * random.normal()));
}

const GROUPS = 32;
