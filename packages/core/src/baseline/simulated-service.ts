import type { SlotValue } from './hour-value.ts';

/** A service that does not exist, for tests, benchmarks and demonstrations: what statistics 4.2 was measured on. */
export interface SimulatedService {
  /** Whole number; the same seed gives the same values on every machine. */
  readonly seed: number;
  /** Start of the first slot, Unix ms, a multiple of five minutes. */
  readonly from: number;
  /** Slots of five minutes. */
  readonly slots: number;
  /** Typical value, e.g. 120 (ms). */
  readonly level: number;
  /** Relative shift from `shiftAt` (Unix ms) on, e.g. 0.05. */
  readonly shift?: number;
  readonly shiftAt?: number;
}

/**
 * Values with a season of day and week, noise with memory of some hours (standard deviation 2%), white noise (2%), days
 * of their own (1%) and a spike now and then; all on the log scale.
 */
export function simulateService({
  seed,
  from,
  slots,
  level,
  shift = 0,
  shiftAt = Infinity,
}: SimulatedService): SlotValue[] {
  const random = createNoise(seed);
  const values: SlotValue[] = [];
  let memory = 0.02 * random.normal();
  let day = 0;
  for (let index = 0; index < slots; index += 1) {
    const at = from + index * SLOT_MS;
    if (index === 0 || Math.floor(at / DAY_MS) !== Math.floor((at - SLOT_MS) / DAY_MS)) day = 0.01 * random.normal();
    memory = MEMORY * memory + 0.02 * Math.sqrt(1 - MEMORY ** 2) * random.normal();
    const spike = random.uniform() < 0.001 ? 0.2 + 0.6 * random.uniform() : 0;
    const moved = at >= shiftAt ? Math.log1p(shift) : 0;
    const position = Math.log(level) + seasonOf(at) + memory + day + spike + moved + 0.02 * random.normal();
    values.push({ at, value: Math.exp(position), count: null });
  }
  return values;
}

/** Uniform and normal numbers of a seed: mulberry32 and the polar form of Box and Muller. */
export function createNoise(seed: number): { uniform(): number; normal(): number } {
  let state = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) | 0;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
  const normal = (): number => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

/** Busy afternoons, quiet weekends. */
function seasonOf(at: number): number {
  const hours = at / 3_600_000;
  const weekday = Math.floor(hours / 24 + 3) % 7;
  const ofDay = 0.25 * Math.sin((2 * Math.PI * (hours - 9)) / 24) + 0.08 * Math.sin((4 * Math.PI * hours) / 24);
  return weekday >= 5 ? 0.5 * ofDay - 0.15 : ofDay;
}

/** From slot to slot; hours keep 70%. */
const MEMORY = 0.7 ** (1 / 12);
const SLOT_MS = 300_000;
const DAY_MS = 86_400_000;
