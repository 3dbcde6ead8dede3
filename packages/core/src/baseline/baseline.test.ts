import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Baseline,
  chooseScale,
  countingNoise,
  createNoise,
  fitBaseline,
  fitSeason,
  fromScale,
  type HourValue,
  hourOfWeek,
  hourValueOf,
  longRunDeviation,
  median,
  resolvableDeviation,
  robustDeviation,
  seasonAt,
  seasonKindFor,
  simulateService,
  type SlotValue,
  toScale,
  usualAt,
} from './index.ts';

const HOUR_MS = 3_600_000;
/** A Monday, 0:00 UTC. */
const MONDAY = Date.UTC(2026, 0, 5);

describe('scales', () => {
  it('read back what they wrote, and never leave the numbers', () => {
    const values = fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 30 });
    fc.assert(
      fc.property(values, fc.boolean(), (history, isRatio) => {
        const shares = isRatio ? history.map((value) => Math.abs(value) / 1e7) : history;
        const scale = chooseScale({ isRatio, values: shares, typicalCount: isRatio ? 1000 : null });
        for (const value of shares) {
          const position = toScale(scale, value);
          expect(Number.isFinite(position)).toBe(true);
          expect(toScale(scale, fromScale(scale, position))).toBeCloseTo(position, 6);
        }
      }),
      { seed: 1, numRuns: 200 },
    );
  });

  it('are chosen by what the values can be', () => {
    expect(chooseScale({ isRatio: false, values: [3, 0, 8], typicalCount: null })).toEqual({ kind: 'log', floor: 1.5 });
    expect(chooseScale({ isRatio: true, values: [0, 0], typicalCount: 200 })).toEqual({ kind: 'logit', floor: 0.0025 });
    expect(chooseScale({ isRatio: false, values: [-4, 2, 6], typicalCount: null })).toEqual({
      kind: 'linear',
      unit: 4,
    });
    expect(chooseScale({ isRatio: false, values: [0, 0], typicalCount: null })).toEqual({ kind: 'log', floor: 1 });
  });
});

describe('the value of an hour', () => {
  const slots = (values: readonly number[], count: number | null): SlotValue[] =>
    values.map((value, index) => ({ at: MONDAY + index * 300_000, value, count }));

  it('is the median of its slots, and nothing under four of them', () => {
    expect(hourValueOf(7, slots([1, 9, 2, 3, 100], null), 'none')).toEqual({ hour: 7, value: 3, count: null });
    expect(hourValueOf(7, slots([1, 2, 3], null), 'none')).toBeNull();
  });

  it('puts sparse events together instead of losing them in a median of zeros', () => {
    const sparse = slots([0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0], 50);
    expect(hourValueOf(7, sparse, 'ratio')?.value).toBeCloseTo((100 * 1.5) / 601, 10);
    expect(hourValueOf(7, slots([10, 12, 14, 11], 1000), 'ratio')?.value).toBe(11.5);
  });

  it('knows the noise that counting alone brings', () => {
    expect(countingNoise({ hour: 0, value: 1, count: 40_000 }, 'ratio')).toBeCloseTo(0.05, 10);
    expect(countingNoise({ hour: 0, value: 0, count: 10 }, 'ratio')).toBe(1);
    expect(countingNoise({ hour: 0, value: 9, count: 100 }, 'rate')).toBe(0.1);
    expect(countingNoise({ hour: 0, value: 9, count: null }, 'none')).toBe(0);
  });
});

describe('the season', () => {
  it('counts hours of the week from Monday, and runs straight between the middles of hours', () => {
    expect(hourOfWeek(MONDAY / HOUR_MS)).toBe(0);
    expect(hourOfWeek(MONDAY / HOUR_MS - 1)).toBe(167);
    const season = { kind: 'hour-of-week', slots: Array.from({ length: 168 }, (_, slot) => slot) } as const;
    expect(seasonAt(season, MONDAY + 5.5 * HOUR_MS)).toBe(5);
    expect(seasonAt(season, MONDAY + 6 * HOUR_MS)).toBeCloseTo(5.5, 10);
  });

  it('is as fine as the history allows', () => {
    expect([23, 24, 335, 336].map(seasonKindFor)).toEqual(['level', 'hour-of-day', 'hour-of-day', 'hour-of-week']);
  });

  it('takes hours it never saw from the hour of the day', () => {
    const points = Array.from({ length: 336 }, (_, index) => ({
      hour: MONDAY / HOUR_MS + index,
      position: index % 24 === 12 ? 1 : 0,
    })).filter(({ hour }) => hourOfWeek(hour) !== 36);
    expect(fitSeason(points, 'hour-of-week').slots[36]).toBe(1);
  });
});

describe('robust statistics', () => {
  it('are not moved by a few spikes, and not zero for values that are mostly the same', () => {
    expect(median([3, 1, 2, 1000])).toBe(2.5);
    expect(robustDeviation([1, 2, 3, 4, 1e6])).toBeCloseTo(1.4826, 4);
    expect(robustDeviation([5, 5, 5, 5, 9])).toBeGreaterThan(0);
    expect(robustDeviation([7, 7, 7])).toBe(0);
  });

  it('see that hours with memory add up to more than independent ones', () => {
    const noise = createNoise(5);
    const series = (rho: number) => {
      let last = 0;
      return Array.from({ length: 2000 }, (_, hour) => {
        last = rho * last + Math.sqrt(1 - rho * rho) * noise.normal();
        return { hour, position: last };
      });
    };
    expect(longRunDeviation(series(0))).toBeLessThan(1.35);
    const withMemory = longRunDeviation(series(0.8));
    expect(withMemory).toBeGreaterThan(2.4);
    expect(withMemory).toBeLessThan(4.5);
  });
});

describe('a baseline', () => {
  const slots = simulateService({ seed: 11, from: MONDAY, slots: 4 * 2016, level: 120 });
  const hours = hoursOf(slots);
  const through = MONDAY / HOUR_MS + 4 * 168;
  const baseline = fitted(hours);

  it('knows four weeks of a simulated service, with noise as measured', () => {
    expect(baseline.season.kind).toBe('hour-of-week');
    expect(baseline.weeks).toBe(4);
    expect(baseline.sigma).toBeGreaterThan(0.045);
    expect(baseline.sigma).toBeLessThan(0.11);
    expect(baseline.hourSigma).toBeLessThan(baseline.quarterSigma);
    expect(baseline.quarterSigma).toBeLessThan(baseline.slotSigma);
  });

  it('holds about 19 of 20 later values in its band', () => {
    const later = simulateService({ seed: 11, from: MONDAY, slots: 5 * 2016, level: 120 }).slice(4 * 2016);
    const inside = later.filter(({ at, value }) => {
      const { low, high } = usualAt(baseline, baseline.level, at + 150_000);
      return value >= low && value <= high;
    });
    expect(inside.length / later.length).toBeGreaterThan(0.88);
    expect(inside.length / later.length).toBeLessThan(0.99);
  });

  it('says which deviation it resolves, as measured: about 5% in a day and 10% in six hours', () => {
    const typical = { ...baseline, sigma: 0.07 };
    expect(resolvableDeviation(typical, 0.02, 24)).toBeCloseTo(0.0532, 3);
    expect(resolvableDeviation(typical, 0.02, 6)).toBeCloseTo(0.1, 2);
  });

  it('does not depend on the order of its history', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray([...hours], { minLength: hours.length }), (shuffled) => {
        expect(fitBaseline({ hours: shuffled, slots: slots.toReversed(), through, counting: 'none' })).toEqual(
          baseline,
        );
      }),
      { seed: 3, numRuns: 5 },
    );
  });

  it('follows the signal when everything is multiplied: the unit does not matter', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 1e6, noNaN: true }), (factor) => {
        const scaled = fitted(hours.map((hour) => ({ ...hour, value: hour.value * factor })));
        expect(scaled.level - baseline.level).toBeCloseTo(Math.log(factor), 8);
        expect(scaled.sigma).toBeCloseTo(baseline.sigma, 8);
        for (const [slot, position] of scaled.season.slots.entries()) {
          expect(position).toBeCloseTo(baseline.season.slots[slot] ?? NaN, 8);
        }
      }),
      { seed: 4, numRuns: 20 },
    );
  });

  it('takes an accepted step for the new usual of the whole history', () => {
    const at = through - 100;
    const stepped = hours.map((hour) => (hour.hour < at ? hour : { ...hour, value: hour.value * 1.3 }));
    const aligned = fitBaseline({
      hours: stepped,
      slots: [],
      through,
      counting: 'none',
      steps: [{ hour: at, by: Math.log(1.3) }],
    });
    expect(aligned?.level).toBeCloseTo(baseline.level + Math.log(1.3), 8);
    expect(aligned?.sigma).toBeCloseTo(baseline.sigma, 8);
  });

  it('has no noise below half a percent, and nothing to say without hours', () => {
    const constant = hours.map((hour) => ({ ...hour, value: 5 }));
    expect(fitted(constant).sigma).toBe(0.005);
    expect(fitBaseline({ hours: [], slots: [], through, counting: 'none' })).toBeNull();
  });

  function fitted(history: readonly HourValue[]): Baseline {
    const fit = fitBaseline({ hours: history, slots: history === hours ? slots : [], through, counting: 'none' });
    if (fit === null) throw new TypeError('a history with hours has a baseline');
    return fit;
  }
});

function hoursOf(slots: readonly SlotValue[]): HourValue[] {
  return [...Map.groupBy(slots, ({ at }) => Math.floor(at / HOUR_MS))].flatMap(([hour, own]) => {
    const value = hourValueOf(hour, own, 'none');
    return value === null ? [] : [value];
  });
}
