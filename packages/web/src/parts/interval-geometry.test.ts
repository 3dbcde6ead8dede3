import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AXIS_LIMIT, AXIS_SAME, placeInterval } from './interval-geometry.ts';

it('puts "same" and the limit at their fixed places, whatever the guard measures', () => {
  const place = placeInterval({ low: 0, high: 1, estimate: 0.5 });
  expect(place.left).toBe(AXIS_SAME);
  expect(place.left + place.width).toBe(AXIS_LIMIT);
  expect(place.isBeyondRight).toBe(false);
});

it('cuts what lies outside and marks it on the side that hurts', () => {
  const place = placeInterval({ low: -9, high: 6.8, estimate: 4 });
  expect(place).toMatchObject({ left: 1.5, width: 97, point: 98.5, isBeyondRight: true });
});

it('stays on the axis for every interval', () => {
  fc.assert(
    fc.property(
      fc.double({ noNaN: true, min: -1e6, max: 1e6 }),
      fc.double({ noNaN: true, min: 0, max: 1e6 }),
      (low, size) => {
        const place = placeInterval({ low, high: low + size, estimate: low + size / 2 });
        expect(place.left).toBeGreaterThanOrEqual(0);
        expect(place.left + place.width).toBeLessThanOrEqual(100);
        expect(place.point).toBeGreaterThanOrEqual(0);
        expect(place.point).toBeLessThanOrEqual(100);
      },
    ),
    { seed: 11 },
  );
});
