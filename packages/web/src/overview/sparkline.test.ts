import { expect, it } from 'vitest';
import { placeAt, sparkLines } from './sparkline.ts';

const points = [0, 10, null, 10, 0].map((value, at) => ({ at, value }));

it('breaks the line where data is missing', () => {
  expect(sparkLines(points, 74)).toEqual(['0.00,68.00 25.00,6.00', '75.00,6.00 100.00,68.00']);
});

it('draws a flat line in the middle and nothing for no data', () => {
  expect(
    sparkLines(
      [
        { at: 0, value: 5 },
        { at: 1, value: 5 },
      ],
      74,
    ),
  ).toEqual(['0.00,37.00 100.00,37.00']);
  expect(sparkLines([{ at: 0, value: null }], 74)).toEqual([]);
});

it('keeps marks from before the first point at the edge', () => {
  expect(placeAt(points)(-100)).toBe(0);
});
