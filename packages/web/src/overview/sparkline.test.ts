import { expect, it } from 'vitest';
import { layOutCard, placeAt } from './sparkline.ts';

const at = (values: readonly (number | null)[], band: { low: number; high: number } | null = null) =>
  values.map((value, index) => ({ at: index, value, low: band?.low ?? null, high: band?.high ?? null }));

it('breaks the line where nothing was measured', () => {
  expect(layOutCard(at([1, 2, null, 2, 1]), 74).lines).toHaveLength(2);
});

it('draws a single point as a dot', () => {
  expect(layOutCard(at([null, 5, null]), 74).lines).toEqual(['50.00,37.00 50.00,37.00']);
});

it('draws a level line in the middle', () => {
  expect(layOutCard(at([5, 5]), 74).lines).toEqual(['0.00,37.00 100.00,37.00']);
});

it('draws what is usual as one area that encloses it, in the same scale', () => {
  const { bands } = layOutCard(at([1, 9], { low: 1, high: 9 }), 74);
  expect(bands).toEqual(['0.00,6.00 100.00,6.00 100.00,68.00 0.00,68.00']);
});

it('draws no area while nothing is known to be usual', () => {
  expect(layOutCard(at([1, 2]), 74).bands).toEqual([]);
});

it('keeps marks within the chart', () => {
  expect([-5, 5, 20].map(placeAt([{ at: 0 }, { at: 10 }]))).toEqual([0, 50, 100]);
});
