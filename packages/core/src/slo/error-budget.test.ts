import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { burnRate, isWithin, readSlo } from './index.ts';

describe('an error budget', () => {
  it('is what the promise leaves room for', () => {
    expect(readSlo([{ good: 999, total: 1000 }], 0.99)).toMatchObject({
      performance: 0.999,
      budgetLeft: expect.closeTo(0.9, 9),
    });
    expect(readSlo([{ good: 980, total: 1000 }], 0.99).budgetLeft).toBeCloseTo(-1, 9);
    expect(readSlo([], 0.99)).toEqual({ performance: null, budgetLeft: null, badShare: null });
  });

  it('of a promise without room is whole or overspent', () => {
    expect(readSlo([{ good: 5, total: 5 }], 1).budgetLeft).toBe(1);
    expect(readSlo([{ good: 4, total: 5 }], 1).budgetLeft).toBe(-99);
    expect(burnRate([{ good: 4, total: 5 }], 1)).toBeNull();
  });

  it('burns at speed one when it would last exactly to the end', () => {
    expect(burnRate([{ good: 99, total: 100 }], 0.99)).toBeCloseTo(1, 9);
    expect(burnRate([{ good: 90, total: 100 }], 0.99)).toBeCloseTo(10, 9);
    expect(burnRate([], 0.99)).toBeNull();
  });

  it('adds up: any grouping of the slots reads the same', () => {
    const slot = fc.tuple(fc.nat(1000), fc.nat(1000)).map(([good, bad]) => ({ good, total: good + bad }));
    fc.assert(
      fc.property(fc.array(slot, { minLength: 1 }), fc.nat(), (slots, at) => {
        const cut = at % slots.length;
        const sum = (part: typeof slots) => ({
          good: part.reduce((total, { good }) => total + good, 0),
          total: part.reduce((total, slotOf) => total + slotOf.total, 0),
        });
        const grouped = [sum(slots.slice(0, cut)), sum(slots.slice(cut))];
        expect(readSlo(grouped, 0.95)).toEqual(readSlo(slots, 0.95));
      }),
      { seed: 6, numRuns: 100 },
    );
  });
});

it('a limit is kept on the good side, and exactly at it', () => {
  expect(isWithin(5, 5, 'lower')).toBe(true);
  expect(isWithin(5.1, 5, 'lower')).toBe(false);
  expect(isWithin(4.9, 5, 'higher')).toBe(false);
  expect(isWithin(5.1, 5, 'none')).toBe(false);
});
