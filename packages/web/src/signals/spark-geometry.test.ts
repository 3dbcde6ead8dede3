import { expect, it } from 'vitest';
import { layOutSpark } from './spark-geometry.ts';

const size = { width: 100, height: 26 };
const at = (values: readonly (number | null)[]) => values.map((value, index) => ({ at: index, value }));

it('breaks the line where nothing was measured', () => {
  expect(layOutSpark(at([1, 2, null, 2, 1]), null, size).lines).toHaveLength(2);
});

it('draws a point alone as a dot', () => {
  expect(layOutSpark(at([null, 5, null]), null, size).lines).toEqual(['50,13 50,13']);
});

it('keeps the usual range within the box, with the values', () => {
  const spark = layOutSpark(at([1, 9]), { low: 2, high: 4 }, size);
  expect(spark.last).toEqual({ x: 100, y: 3 });
  expect(spark.usual?.y).toBeGreaterThan(3);
  expect((spark.usual?.y ?? 0) + (spark.usual?.height ?? 0)).toBeLessThan(23);
});

it('says nothing where there is nothing', () => {
  expect(layOutSpark(at([null]), { low: 1, high: 2 }, size)).toEqual({ lines: [], usual: null, last: null });
});
