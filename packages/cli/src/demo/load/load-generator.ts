import { createChance, createUserPicker, gapMs } from './arrival.ts';
import type { LoadSettings, LoadTotals } from './load-message.ts';
import type { ShopAnswer, ShopRequest } from './shop-client.ts';

export interface LoadGenerator {
  /** Sends everything that is due at `nowMs`; returns when the next arrival is due. */
  advance(nowMs: number): number;
  /** From now on this user buys with a card that no provider can read. */
  addNoisyUser(user: string, ratePerSecond: number, nowMs: number): void;
  totals(): LoadTotals;
  /** Requests of the new path that were sent after a moment, and when the last of all was sent. */
  readonly exposuresAfter: (sentAfterMs: number) => { exposures: number; lastSentAt: number | null };
  /** Requests whose answers are still out. */
  readonly waiting: number;
}

interface Parts {
  readonly settings: LoadSettings;
  readonly startMs: number;
  readonly clock: { now(): number };
  readonly send: (target: string, request: ShopRequest) => Promise<ShopAnswer>;
}

const CHECKOUT_SHARE = 0.8;
const OTHERWISE_KEPT = 5;

/** An open-model load: arrivals follow a seeded Poisson stream and never wait for answers. */
export function createLoadGenerator({ settings, startMs, clock, send }: Parts): LoadGenerator {
  const chance = createChance(settings.seed);
  const pickUser = createUserPicker(settings.users, chance);
  const tally = createTally();
  const everybody = { ratePerSecond: settings.ratePerSecond, nextAt: startMs };
  const noisy = { user: '', ratePerSecond: 1, nextAt: Infinity };
  let turn = 0;

  function advance(nowMs: number): number {
    while (everybody.nextAt <= nowMs) {
      void dispatch(nextRequest(`user-${pickUser()}`, chance));
      everybody.nextAt += gapMs(chance, everybody.ratePerSecond);
    }
    while (noisy.nextAt <= nowMs) {
      void dispatch({ method: 'POST', path: '/checkout', user: noisy.user, body: { card: 'broken' } });
      noisy.nextAt += gapMs(chance, noisy.ratePerSecond);
    }
    return Math.min(everybody.nextAt, noisy.nextAt);
  }

  async function dispatch(request: ShopRequest): Promise<void> {
    const target = settings.targets[turn++ % settings.targets.length] ?? '';
    tally.totals.sent += 1;
    const sentAt = clock.now();
    tally.count(await send(target, request), sentAt, request);
  }

  return {
    advance,
    addNoisyUser: (user, ratePerSecond, nowMs) => void Object.assign(noisy, { user, ratePerSecond, nextAt: nowMs }),
    totals: () => ({ ...tally.totals, otherwise: [...tally.totals.otherwise] }),
    exposuresAfter: tally.exposuresAfter,
    get waiting() {
      return tally.totals.sent - tally.totals.answered;
    },
  };
}

interface Tally {
  readonly totals: { -readonly [K in keyof LoadTotals]: LoadTotals[K] };
  count(answer: ShopAnswer, sentAt: number, request: ShopRequest): void;
  readonly exposuresAfter: LoadGenerator['exposuresAfter'];
}

function createTally(): Tally {
  const newPathSentAt: number[] = [];
  const otherwise: string[] = [];
  const totals = {
    sent: 0,
    answered: 0,
    failedByShop: 0,
    failedOtherwise: 0,
    otherwise,
    newPath: 0,
    newPathFailed: 0,
    oldPath: 0,
    oldPathFailed: 0,
  };

  function count(answer: ShopAnswer, sentAt: number, request: ShopRequest): void {
    totals.answered += 1;
    countPath(answer, sentAt);
    if (answer.failure === undefined) return;
    if (answer.failure.isShops) {
      totals.failedByShop += 1;
      return;
    }
    totals.failedOtherwise += 1;
    if (otherwise.length < OTHERWISE_KEPT) otherwise.push(`${request.method} ${request.path}: ${answer.failure.what}`);
  }

  function countPath(answer: ShopAnswer, sentAt: number): void {
    const bad = answer.failure === undefined ? 0 : 1;
    if (answer.path === 'new') {
      newPathSentAt.push(sentAt);
      totals.newPath += 1;
      totals.newPathFailed += bad;
    }
    if (answer.path === 'old') {
      totals.oldPath += 1;
      totals.oldPathFailed += bad;
    }
  }

  return {
    totals,
    count,
    exposuresAfter: (sentAfterMs) => ({
      exposures: newPathSentAt.filter((at) => at > sentAfterMs).length,
      lastSentAt: newPathSentAt.length === 0 ? null : newPathSentAt.reduce((a, b) => Math.max(a, b)),
    }),
  };
}

/** Mostly checkouts, so that the demo does not take half an hour; the rest is what comes before one. */
function nextRequest(user: string, chance: () => number): ShopRequest {
  const kind = chance();
  if (kind < CHECKOUT_SHARE) return { method: 'POST', path: '/checkout', user, body: { card: 'visa' } };
  const product = 1 + Math.floor(chance() * 8);
  if (kind < CHECKOUT_SHARE + 0.1) {
    return { method: 'POST', path: '/cart/items', user, body: { productId: product, quantity: 1 } };
  }
  return { method: 'GET', path: chance() < 0.5 ? '/products' : `/products/${product}`, user };
}
