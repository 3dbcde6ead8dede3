import { createNoise } from '@belay/core/baseline';

/** What the shop of the demo did in some weeks, told afterwards. */
export interface ShopStory {
  /** Whole number; the same seed and the same times give the same requests. */
  readonly seed: number;
  /** First slot, Unix ms, a multiple of five minutes. */
  readonly from: number;
  /** From then on every request takes longer, Unix ms. */
  readonly changedAt: number;
  /** How much longer, e.g. 0.05. */
  readonly slower: number;
}

/** One served request. */
export interface ShopRequest {
  readonly traceId: string;
  readonly spanId: string;
  readonly operation: (typeof OPERATIONS)[number];
  readonly startMs: number;
  readonly durationMs: number;
  readonly failed: boolean;
}

const OPERATIONS = [
  { method: 'GET', route: '/products', ms: 80, share: 0.6 },
  { method: 'GET', route: '/cart', ms: 95, share: 0.3 },
  { method: 'POST', route: '/checkout', ms: 180, share: 0.1 },
] as const;

/** Length of a slot, ms. */
export const SLOT_MS = 300_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Single requests scatter by a fifth; one in 250 fails. */
const SPREAD = 0.2;
const FAILED = 1 / 250;
/** The service as a whole: half a percent that lasts for hours, and a third of a percent of each day. */
const SLOW_NOISE = 0.005;
const DAY_NOISE = 0.003;
const MEMORY = 0.7 ** (SLOT_MS / HOUR_MS);

/** Tells the story slot after slot, without an end: every call is the next five minutes. */
export function createShopHistory({ seed, from, changedAt, slower }: ShopStory): { next(): ShopRequest[] } {
  const noise = createNoise(seed);
  let at = from;
  let slow = SLOW_NOISE * noise.normal();
  let day = DAY_NOISE * noise.normal();
  const hex = (): string =>
    Math.floor(noise.uniform() * 2 ** 32)
      .toString(16)
      .padStart(8, '0');

  function request(level: number, index: number, count: number): ShopRequest {
    const drawn = noise.uniform();
    const operation = OPERATIONS[drawn < 0.6 ? 0 : drawn < 0.9 ? 1 : 2];
    return {
      traceId: hex() + hex() + hex() + hex(),
      spanId: hex() + hex(),
      operation,
      startMs: at + ((index + noise.uniform()) / count) * SLOT_MS,
      durationMs: operation.ms * Math.exp(level + SPREAD * noise.normal()),
      failed: noise.uniform() < FAILED,
    };
  }
  return {
    next() {
      if (at % DAY_MS === 0) day = DAY_NOISE * noise.normal();
      slow = MEMORY * slow + SLOW_NOISE * Math.sqrt(1 - MEMORY ** 2) * noise.normal();
      const busy = busyness(at);
      const level = 0.15 * busy + slow + day + (at >= changedAt ? Math.log1p(slower) : 0);
      const count = Math.round(30 + 16 * busy + 2 * noise.normal());
      const requests = Array.from({ length: Math.max(4, count) }, (_, index) => request(level, index, count));
      at += SLOT_MS;
      return requests;
    },
  };
}

/** From -1 at night to 1 in the afternoon, half of that at weekends. */
function busyness(at: number): number {
  const hours = at / HOUR_MS;
  const ofDay = Math.sin((2 * Math.PI * (hours - 9)) / 24);
  const weekday = Math.floor(hours / 24 + 3) % 7;
  return weekday >= 5 ? 0.5 * ofDay : ofDay;
}
