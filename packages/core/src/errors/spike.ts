/** How often an issue came, by hour. Counts are >= 0. */
export interface IssueHistory {
  /** Events in the 60 minutes that end now. */
  readonly now: number;
  /** Events of each full hour before, newest first: `hours[23]` is the same hour of yesterday. Up to 7 days. */
  readonly hours: readonly number[];
}

/** What the issue's own past lets expect, and whether more came. */
export interface SpikeVerdict {
  readonly isSpike: boolean;
  /** Events that are usual in an hour like this. */
  readonly expected: number;
  /** Chance of at least as many events in such an hour; 1 when there is too little past. */
  readonly chance: number;
}

const DAY = 24;
/** A past shorter than a day has no usual. */
const SHORTEST_PAST = DAY;
const FEWEST_EVENTS = 10;
const SMALLEST_RATIO = 3;
/** One false alarm in ten million issue-hours at most, were counts negative binomial: every issue is asked every minute. */
const CHANCE = 1e-7;

/**
 * Compares the last hour with the issue's own past: the largest of the mean of the last day, the mean of all of it and the
 * median at this hour of the day, with the past's own dispersion (variance over mean, hours above the 95th percentile cut down to
 * it so that an earlier spike does not become usual). The tail is that of a negative binomial (gamma-mixed Poisson).
 */
export function judgeSpike({ now, hours }: IssueHistory): SpikeVerdict {
  if (hours.length < SHORTEST_PAST) return { isSpike: false, expected: now, chance: 1 };
  const cut = clip(hours);
  const expected = Math.max(meanOf(cut.slice(0, DAY)), sameHourOf(hours), meanOf(cut));
  const dispersion = Math.max(1, dispersionOf(cut));
  const chance = negativeBinomialTail(now, Math.max(expected, 1 / (cut.length + 1)), dispersion);
  const isSpike = now >= FEWEST_EVENTS && now >= SMALLEST_RATIO * expected && chance < CHANCE;
  return { isSpike, expected, chance };
}

/** Whether a spike that was told is over: back to less than twice what is usual, or to next to nothing. */
export function isSpikeOver({ now, hours }: IssueHistory): boolean {
  const { expected } = judgeSpike({ now, hours });
  return now < Math.max(FEWEST_EVENTS / 2, 2 * expected);
}

function clip(hours: readonly number[]): number[] {
  const sorted = hours.toSorted((a, b) => a - b);
  const limit = Math.max(1, sorted[Math.floor(0.95 * (sorted.length - 1))] ?? 0);
  return hours.map((count) => Math.min(count, limit));
}

/** A burst at the same hour each day is usual; one on a single day is not. */
function sameHourOf(hours: readonly number[]): number {
  const same = hours.filter((_, index) => (index + 1) % DAY === 0).toSorted((a, b) => a - b);
  return same[Math.floor((same.length - 1) / 2)] ?? 0;
}

function meanOf(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function dispersionOf(values: readonly number[]): number {
  const mean = meanOf(values);
  if (mean === 0) return 1;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1) / mean;
}

/**
 * P(X >= count) of a negative binomial with the given mean and variance = mean * dispersion, by summing its terms from
 * `count` upwards (they fall geometrically beyond the mean). Poisson when the dispersion is 1.
 */
function negativeBinomialTail(count: number, mean: number, dispersion: number): number {
  const from = Math.ceil(count);
  if (from <= mean) return 1;
  const excess = dispersion - 1;
  let logTerm = excess < 1e-9 ? logPoisson(from, mean) : logNegativeBinomial(from, mean, excess);
  let sum = 0;
  for (let value = from; value < from + 10_000; value += 1) {
    const term = Math.exp(logTerm);
    sum += term;
    if (term < sum * 1e-12) break;
    logTerm += Math.log(excess < 1e-9 ? mean / (value + 1) : ratioAt(value, mean, excess));
  }
  return Math.min(1, sum);
}

/** Term at value + 1 over term at value, with size r = mean / excess. */
function ratioAt(value: number, mean: number, excess: number): number {
  return (((mean / excess + value) / (value + 1)) * excess) / (1 + excess);
}

function logPoisson(value: number, mean: number): number {
  return value * Math.log(mean) - mean - logGamma(value + 1);
}

function logNegativeBinomial(value: number, mean: number, excess: number): number {
  const size = mean / excess;
  const odds = Math.log(excess / (1 + excess));
  return logGamma(value + size) - logGamma(size) - logGamma(value + 1) - size * Math.log1p(excess) + value * odds;
}

/** Logarithm of the gamma function for x > 0, by Stirling's series after shifting x above 7. */
function logGamma(x: number): number {
  let shift = 0;
  let y = x;
  while (y < 7) {
    shift += Math.log(y);
    y += 1;
  }
  const inverse = 1 / y;
  const series = inverse / 12 - inverse ** 3 / 360 + inverse ** 5 / 1260;
  return (y - 0.5) * Math.log(y) - y + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
