import { bucketUpperBound, ZERO_BUCKET } from '../histogram.ts';
import { addBuckets, bucketMiddle, type Buckets, countAbove, quantileBucket, totalOf } from './bucket-pairs.ts';

/** What a learning baseline knows. */
interface Learning {
  frozen: boolean;
  /** Control units seen while learning, and the second of the first. */
  units: number;
  since: number | null;
  learning: [number, number][];
}

/** Latency baseline of a guard: learning from the first control units, then frozen. Plain JSON. */
export interface FrozenLatency extends Learning {
  /** Bucket index of each watched quantile: a unit in a higher bucket is slower. */
  thresholds: number[];
  /** Share of baseline units above each threshold, and above it once shifted by the margin. */
  above: number[];
  aboveMargin: number[];
  /** Ridit scores in ten-thousandths for buckets from `from` on. */
  from: number;
  scores: number[];
}

/** Value baseline of a guard: learning from the first control units, then frozen. Plain JSON. */
export interface FrozenValue extends Learning {
  /** Values above are counted as this: the 99.9th percentile of the baseline. */
  cap: number;
  /** Mean and variance of the score `value / cap`. */
  mean: number;
  variance: number;
}

/** Control's side of one block, for learning. */
export interface ControlBuckets {
  readonly second: number;
  readonly units: number;
  readonly buckets: Buckets;
}

/** Which quantiles a latency guard watches and by how many buckets its margin shifts the canary. */
export interface LatencyShape {
  readonly quantiles: readonly number[];
  readonly marginBuckets: number;
}

/** Starts from history where there is enough of it, else learns from the first control units of the rollout. */
export function startLatencyBaseline(history: Buckets | undefined, shape: LatencyShape): FrozenLatency {
  const state: FrozenLatency = {
    ...startLearning(),
    thresholds: [],
    above: [],
    aboveMargin: [],
    from: 0,
    scores: [],
  };
  const units = history === undefined ? 0 : totalOf(history);
  if (history === undefined || units < LEARN_UNITS) return state;
  addBuckets(state.learning, history);
  state.units = units;
  freezeLatency(state, shape);
  return state;
}

/** Learns from one block; freezes when there is enough. A block learnt from is never compared. */
export function learnLatency(state: FrozenLatency, block: ControlBuckets, shape: LatencyShape): void {
  learn(state, block);
  if (hasEnough(state, block.second)) freezeLatency(state, shape);
}

/** Starts from history where there is enough of it, else learns from the first control units of the rollout. */
export function startValueBaseline(history: { units: number; buckets: Buckets } | undefined): FrozenValue {
  const state: FrozenValue = { ...startLearning(), cap: 0, mean: 0, variance: 0 };
  if (history === undefined || history.units < LEARN_UNITS || totalOf(history.buckets) === 0) return state;
  addBuckets(state.learning, history.buckets);
  state.units = Math.max(history.units, totalOf(history.buckets));
  freezeValue(state);
  return state;
}

/** Learns from one block; freezes when there is enough, of values above zero too. */
export function learnValue(state: FrozenValue, block: ControlBuckets): void {
  learn(state, block);
  if (hasEnough(state, block.second) && (state.learning.at(-1)?.[0] ?? ZERO_BUCKET) > ZERO_BUCKET) freezeValue(state);
}

/** Ridit score of a bucket in [0, 1]: share of the baseline below it plus half of its own. */
export function riditOf(state: FrozenLatency, index: number): number {
  const last = state.scores.length - 1;
  const at = Math.max(-1, Math.min(last + 1, index - state.from));
  if (at < 0) return 0;
  if (at > last) return 1;
  return (state.scores[at] ?? 0) / RIDIT_SCALE;
}

function startLearning(): Learning {
  return { frozen: false, units: 0, since: null, learning: [] };
}

function learn(state: Learning, { second, units, buckets }: ControlBuckets): void {
  if (units === 0) return;
  state.since ??= second;
  state.units += units;
  addBuckets(state.learning, buckets);
}

/** 2000 units, or after half a minute 200: coarse quantiles cost power, never validity, and waiting costs time. */
function hasEnough(state: Learning, second: number): boolean {
  if (state.units >= LEARN_PLENTY) return true;
  return state.units >= LEARN_UNITS && second - (state.since ?? second) >= LEARN_SECONDS;
}

function freezeLatency(state: FrozenLatency, shape: LatencyShape): void {
  const pairs = state.learning;
  const total = totalOf(pairs);
  const rate = (above: number): number => Math.max(above, 0.5) / total;
  state.thresholds = shape.quantiles.map((quantile) => quantileBucket(pairs, quantile) ?? 0);
  state.above = state.thresholds.map((index) => rate(countAbove(pairs, index)));
  state.aboveMargin = state.thresholds.map((index) => rate(countAbove(pairs, index + shape.marginBuckets)));
  freezeRidits(state, pairs, total);
  state.frozen = true;
  state.learning = [];
}

function freezeRidits(state: FrozenLatency, pairs: Buckets, total: number): void {
  const real = pairs.filter(([index]) => index > ZERO_BUCKET);
  const counts = new Map(real);
  const first = real[0]?.[0] ?? 0;
  const last = Math.min(real.at(-1)?.[0] ?? 0, first + MAX_SCORES - 1);
  let below = total - totalOf(real);
  state.from = first;
  for (let index = first; index <= last; index += 1) {
    const count = counts.get(index) ?? 0;
    state.scores.push(Math.round((RIDIT_SCALE * (below + count / 2)) / total));
    below += count;
  }
}

function freezeValue(state: FrozenValue): void {
  const pairs = state.learning;
  const units = Math.max(state.units, totalOf(pairs));
  const zeros = units - totalOf(pairs);
  const all: [number, number][] = pairs.map(([index, count]) => [index, count]);
  addBuckets(all, [[ZERO_BUCKET, zeros]]);
  const top = pairs.at(-1)?.[0] ?? 0;
  const capBucket = quantileBucket(all, 0.999) ?? top;
  state.cap = bucketUpperBound(capBucket === ZERO_BUCKET ? top : capBucket);
  let sum = 0;
  let squares = 0;
  for (const [index, count] of pairs) {
    const score = Math.min(1, bucketMiddle(index) / state.cap);
    sum += count * score;
    squares += count * score * score;
  }
  state.mean = sum / units;
  state.variance = squares / units - state.mean * state.mean;
  state.frozen = true;
  state.learning = [];
}

const LEARN_UNITS = 200;
const LEARN_PLENTY = 2000;
const LEARN_SECONDS = 30;
const RIDIT_SCALE = 10_000;
/** 480 buckets span nine decades; beyond, a baseline is noise. */
const MAX_SCORES = 480;
