import { bucketIndexOf, type Histogram, type OutcomeBlock, type SideCounts } from '@belay/core';
import { createGuardEngine, type EngineConfig, foldBlock, readEngine } from '@belay/core/statistics';
import { createChance } from '../demo/load/arrival.ts';

/** Traffic of the old path, as measured or as given. */
export interface AaTraffic {
  readonly requestsPerSecond: number;
  readonly errorRate: number;
  /** Mean of each tracked value that a guard reads. */
  readonly valueMeans: Readonly<Record<string, number>>;
}

export interface AaOptions {
  readonly config: EngineConfig;
  /** Guarded stages with their length in seconds. */
  readonly stages: readonly { readonly share: number; readonly seconds: number }[];
  readonly traffic: AaTraffic;
  readonly runs: number;
  readonly seed: number;
}

export interface AaResult {
  readonly runs: number;
  readonly rolledBack: number;
  readonly held: number;
  /** Share of harmless rollouts that were rolled back, with a 95% Wilson interval. */
  readonly falseRollbackRate: number;
  readonly interval: { readonly low: number; readonly high: number };
  /** Requests on the new path per simulated rollout, on average. */
  readonly canaryRequests: number;
}

/** At most this many blocks per rollout: longer plans are judged in longer blocks, which the guards allow. */
const MOST_BLOCKS = 600;

/** Simulates rollouts in which both paths are the same, and counts how many the guards would take back. */
export function simulateAa(options: AaOptions): AaResult {
  const chance = createChance(options.seed);
  const shapes = shapesOf(options.traffic);
  let rolledBack = 0;
  let held = 0;
  let canaryRequests = 0;
  for (let run = 0; run < options.runs; run++) {
    const outcome = simulateOne(options, shapes, chance);
    if (outcome.rolledBack) rolledBack += 1;
    else if (outcome.held) held += 1;
    canaryRequests += outcome.canaryRequests;
  }
  return {
    runs: options.runs,
    rolledBack,
    held,
    falseRollbackRate: rolledBack / options.runs,
    interval: wilson(rolledBack, options.runs),
    canaryRequests: canaryRequests / options.runs,
  };
}

type Shapes = Readonly<Record<'duration' | 'value', readonly (readonly [bucket: number, share: number])[]>> & {
  readonly valueNames: readonly string[];
};

function simulateOne({ config, stages, traffic }: AaOptions, shapes: Shapes, chance: () => number) {
  const state = createGuardEngine(config);
  const total = stages.reduce((sum, { seconds }) => sum + seconds, 0);
  const step = Math.max(1, Math.ceil(total / MOST_BLOCKS));
  let second = 1_000_000;
  let wasHeld = false;
  let canaryRequests = 0;
  for (const [stage, { share, seconds }] of stages.entries()) {
    for (let elapsed = 0; elapsed < seconds; elapsed += step) {
      second += step;
      const expected = traffic.requestsPerSecond * step;
      const block = drawBlock({ second, expected, share, traffic, shapes }, chance);
      canaryRequests += block.canary.n;
      foldBlock(config, state, block, stage);
      const reading = readEngine(config, state);
      if (reading.rollbackNow) return { rolledBack: true, held: false, canaryRequests };
      wasHeld ||= reading.holdReasons.includes('evidence') || reading.srmBroken;
    }
  }
  return { rolledBack: false, held: wasHeld, canaryRequests };
}

interface BlockShape {
  readonly second: number;
  readonly expected: number;
  readonly share: number;
  readonly traffic: AaTraffic;
  readonly shapes: Shapes;
}

function drawBlock({ second, expected, share, traffic, shapes }: BlockShape, chance: () => number): OutcomeBlock {
  const canary = drawSide(expected * share, traffic.errorRate, shapes, chance);
  const control = drawSide(expected * (1 - share), traffic.errorRate, shapes, chance);
  return { second, canary, control, controlGroups: spread(control, chance) };
}

function drawSide(expected: number, errorRate: number, shapes: Shapes, chance: () => number): SideCounts {
  const errors = poisson(expected * errorRate, chance);
  const duration = drawHistogram(shapes.duration, expected, chance);
  // Every request has a duration, so their number is the number of requests.
  const n = Math.max(errors, sumOf(duration));
  const values = new Map(shapes.valueNames.map((name) => [name, drawHistogram(shapes.value, n, chance)]));
  return { n, errors, exposures: n, distinctBad: errors, duration, values };
}

function drawHistogram(shape: Shapes['duration'], expected: number, chance: () => number): Histogram {
  const counts = new Map<number, number>();
  for (const [bucket, share] of shape) {
    const count = poisson(expected * share, chance);
    if (count > 0) counts.set(bucket, count);
  }
  return counts;
}

function spread(control: SideCounts, chance: () => number): { n: number[]; errors: number[] } {
  const n = Array.from({ length: 32 }, () => Math.floor(control.n / 32));
  const errors = n.map(() => 0);
  for (let index = 0; index < control.n % 32; index++) n[index] = (n[index] ?? 0) + 1;
  for (let error = 0; error < control.errors; error++) {
    const group = Math.floor(chance() * 32);
    errors[group] = (errors[group] ?? 0) + 1;
    n[group] = Math.max(n[group] ?? 0, errors[group] ?? 0);
  }
  return { n, errors };
}

/** Log-normal shapes, spread 0.5: the guards compare the two paths, so only that both have the same shape matters. */
function shapesOf(traffic: AaTraffic): Shapes {
  const valueNames = Object.keys(traffic.valueMeans);
  return { duration: logNormalShape(50), value: logNormalShape(1000), valueNames };
}

function logNormalShape(median: number): readonly (readonly [number, number])[] {
  const middle = bucketIndexOf(median);
  const weights: [number, number][] = [];
  for (let offset = -40; offset <= 40; offset += 2) {
    const deviation = ((offset / 16) * Math.LN2) / 0.5;
    weights.push([middle + offset, Math.exp(-(deviation ** 2) / 2)]);
  }
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
  return weights.map(([bucket, weight]) => [bucket, weight / total]);
}

function sumOf(histogram: Histogram): number {
  let sum = 0;
  for (const count of histogram.values()) sum += count;
  return sum;
}

/** Knuth's method for small means, a rounded normal for large ones (error below 1% of the spread above 60). */
function poisson(mean: number, chance: () => number): number {
  if (mean > 60) {
    const normal = Math.sqrt(-2 * Math.log(1 - chance())) * Math.cos(2 * Math.PI * chance());
    return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal));
  }
  const limit = Math.exp(-mean);
  let count = 0;
  let product = chance();
  while (product > limit) {
    count += 1;
    product *= chance();
  }
  return count;
}

/** Wilson's score interval at 95%. */
function wilson(hits: number, runs: number): { low: number; high: number } {
  const z = 1.96;
  const share = hits / runs;
  const centre = (share + z ** 2 / (2 * runs)) / (1 + z ** 2 / runs);
  const half = (z / (1 + z ** 2 / runs)) * Math.sqrt((share * (1 - share)) / runs + z ** 2 / (4 * runs ** 2));
  return { low: Math.max(0, centre - half), high: Math.min(1, centre + half) };
}
