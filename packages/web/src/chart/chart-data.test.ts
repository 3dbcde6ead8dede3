import { expect, it } from 'vitest';
import { alignSeries, lineLook, nearestIndex, stackLines } from './chart-data.ts';

it('puts series with times of their own over all times, with gaps where one says nothing', () => {
  const aligned = alignSeries([
    {
      label: 'a',
      points: [
        [1, 10],
        [3, 30],
      ],
    },
    {
      label: 'b',
      points: [
        [2, 5],
        [3, null],
      ],
    },
  ]);
  expect(aligned.times).toEqual([1, 2, 3]);
  expect(aligned.lines.map((line) => line.values)).toEqual([
    [10, null, 30],
    [null, 5, null],
  ]);
});

it('stacks bars in order', () => {
  expect(
    stackLines([
      { label: 'a', values: [1, null] },
      { label: 'b', values: [2, 3] },
    ]),
  ).toEqual([
    [1, 0],
    [3, 3],
  ]);
});

it('tells the first ten lines apart by colour or dash', () => {
  const looks = Array.from({ length: 10 }, (_, index) => JSON.stringify(lineLook({ label: '', values: [] }, index)));
  expect(new Set(looks).size).toBe(10);
});

it('finds the nearest time', () => {
  expect(nearestIndex([10, 20, 30], 24)).toBe(1);
  expect(nearestIndex([], 24)).toBeNull();
});
