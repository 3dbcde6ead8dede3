import { describe, expect, it } from 'vitest';
import { createLocalTrip, setFactor } from './local-trip.ts';

/** xorshift32: seeded chance from 0 up to 1. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

function unitsUntilTrip(share: number, seed: number): number {
  const random = createRandom(seed);
  const trip = createLocalTrip();
  let canaries = 0;
  while (trip.reason === undefined && canaries < 1000) {
    const isCanary = random() < share;
    if (isCanary) canaries += 1;
    trip.add(isCanary ? 'canary' : 'control', isCanary || random() < 0.01);
  }
  return canaries;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

describe('the local trip', () => {
  it.each([
    { share: 0.01, atMost: 6 },
    { share: 0.1, atMost: 12 },
    { share: 0.5, atMost: 60 },
  ])('cuts a path that always fails after a handful of units at a share of $share', ({ share, atMost }) => {
    const spent = Array.from({ length: 200 }, (_nothing, index) => unitsUntilTrip(share, index + 1));
    expect(median(spent)).toBeLessThanOrEqual(atMost);
    expect(Math.min(...spent)).toBeGreaterThanOrEqual(3);
  });

  it.each([0.001, 0.01, 0.1, 0.5, 0.9])(
    'leaves a harmless path alone at a failure rate of %d on both sides',
    (rate) => {
      const random = createRandom(42);
      for (const share of [0.01, 0.1, 0.5]) {
        const trip = createLocalTrip();
        for (let unit = 0; unit < 200_000; unit += 1)
          trip.add(random() < share ? 'canary' : 'control', random() < rate);
        expect(trip.reason).toBeUndefined();
      }
    },
  );

  it('takes an outage that fails both sides for no evidence', () => {
    const trip = createLocalTrip();
    for (let unit = 0; unit < 10_000; unit += 1) trip.add(unit % 10 === 0 ? 'canary' : 'control', unit % 1000 > 300);
    expect(trip.reason).toBeUndefined();
  });

  it('never trips without units of the old path to compare with', () => {
    const trip = createLocalTrip();
    for (let unit = 0; unit < 1000; unit += 1) trip.add('canary', true);
    expect(trip.reason).toBeUndefined();
  });

  it('says what it saw, and stays tripped', () => {
    const trip = createLocalTrip();
    for (let unit = 0; unit < 400; unit += 1)
      trip.add(unit % 10 === 9 ? 'canary' : 'control', unit % 10 === 9, () => 'POST /buy');
    const { reason } = trip;
    expect(reason).toEqual({
      units: 6,
      errors: 6,
      text: '6 of 6 units of the new variant failed in this process, 0 of 54 of the old one; the last was POST /buy',
    });
    for (let unit = 0; unit < 1000; unit += 1) trip.add('canary', false);
    expect(trip.reason).toBe(reason);
  });

  it('bets fairly: under the null the expected factor of a set is at most 1, whatever the rates', () => {
    for (const controls of [1, 2, 5, 9, 32]) {
      for (let bad = 1; bad <= controls; bad += 1) {
        for (const odds of [0.1, 0.5, 1, 1.5, 2]) {
          const chance = (odds * bad) / (odds * bad + controls + 1 - bad);
          const expected =
            chance * setFactor({ controls, bad, failed: true }) +
            (1 - chance) * setFactor({ controls, bad, failed: false });
          expect(expected).toBeLessThanOrEqual(1 + 1e-12);
        }
      }
    }
  });
});
