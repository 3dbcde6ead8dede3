import type { RolloutSeries } from '@belay/protocol';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bandPoints, layOutChart, nearestPoint, niceStep, spreadLabels } from './chart-geometry.ts';

const T0 = 1_700_000_000_000;
const size = { width: 820, isSmall: false };

function series(
  points: readonly [second: number, low: number | null, high: number | null][],
  more: Partial<RolloutSeries> = {},
): RolloutSeries {
  return {
    guard: 'errors',
    unit: 'points',
    limit: 1,
    worseSign: 1,
    points: points.map(([second, low, high]) => ({
      at: T0 + second * 1000,
      low,
      high,
      estimate: low === null || high === null ? null : (low + high) / 2,
      share: 0.1,
    })),
    marks: [{ at: T0, label: '10%', kind: 'stage' }],
    ...more,
  };
}

describe('the effect chart', () => {
  it('draws nothing before the first interval is known', () => {
    expect(layOutChart(series([[1, null, null]]), size)).toBeNull();
    expect(layOutChart(series([]), size)).toBeNull();
  });

  it('always shows zero, the limit and the latest interval', () => {
    const chart = layOutChart(
      series([
        [1, -9, 9],
        [2, -4, 4],
        [60, -0.3, 0.7],
      ]),
      size,
    );
    expect(chart).not.toBeNull();
    for (const value of [0, 1, -0.3, 0.7]) {
      expect(chart!.valueTicks[0]!).toBeLessThanOrEqual(value);
      expect(chart!.valueTicks.at(-1)!).toBeGreaterThanOrEqual(value);
    }
  });

  it('puts the limit below zero where lower is worse', () => {
    const chart = layOutChart(series([[1, -2, 1]], { worseSign: -1, limit: 3 }), size);
    expect(chart!.limit).toBe(-3);
    expect(chart!.y(chart!.limit)).toBeGreaterThan(chart!.y(0));
  });

  it('leaves out points without an interval', () => {
    const chart = layOutChart(
      series([
        [1, null, null],
        [2, -1, 1],
        [3, -1, 1],
      ]),
      size,
    );
    expect(chart!.points).toHaveLength(2);
    expect(bandPoints(chart!).band.split(' ')).toHaveLength(4);
  });

  it('zooms to the minutes around a rollback', () => {
    const rolledBack = series(
      [
        [10, -1, 1],
        [3600, -1, 1],
        [3640, 1.1, 6.8],
      ],
      {
        marks: [
          { at: T0, label: '1%', kind: 'stage' },
          { at: T0 + 3_600_000, label: '10%', kind: 'stage' },
          { at: T0 + 3_640_000, label: '0%, old path for everyone', kind: 'rolled-back' },
        ],
      },
    );
    const chart = layOutChart(rolledBack, size);
    expect(chart!.takenBackAt).toBe(T0 + 3_640_000);
    expect(chart!.timeTicks[0]!).toBeGreaterThan(T0 + 3_500_000);
    expect(chart!.stages.map((stage) => stage.label)).toEqual(['1%', '10%', '0%, old path for everyone']);
    expect(chart!.withSeconds).toBe(true);
  });

  it('finds the point under the pointer', () => {
    const chart = layOutChart(
      series([
        [1, -1, 1],
        [30, -1, 1],
        [60, -1, 1],
      ]),
      size,
    );
    expect(nearestPoint(chart!, chart!.x(T0 + 31_000))).toBe(1);
    expect(nearestPoint(chart!, 0)).toBe(0);
    expect(nearestPoint(chart!, 9999)).toBe(2);
  });

  it('keeps every coordinate finite and inside the plot', () => {
    const value = fc.double({ noNaN: true, min: -1e5, max: 1e5 });
    fc.assert(
      fc.property(
        fc.array(fc.tuple(value, fc.double({ noNaN: true, min: 0, max: 1e5 })), { minLength: 1, maxLength: 30 }),
        fc.double({ noNaN: true, min: 0.01, max: 1e4 }),
        (bands, limit) => {
          const chart = layOutChart(
            series(
              bands.map(([low, width], index) => [index + 1, low, low + width]),
              { limit },
            ),
            size,
          );
          const numbers = bandPoints(chart!).band.split(/[ ,]/).map(Number);
          expect(numbers.every(Number.isFinite)).toBe(true);
          for (let index = 1; index < numbers.length; index += 2) {
            expect(numbers[index]!).toBeGreaterThanOrEqual(chart!.plot.y0 - 0.1);
            expect(numbers[index]!).toBeLessThanOrEqual(chart!.plot.y1 + 0.1);
          }
          expect(chart!.valueTicks.length).toBeLessThan(20);
          expect(chart!.timeTicks.length).toBeLessThan(10);
        },
      ),
      { seed: 3 },
    );
  });
});

it('spreads labels that would cover each other and keeps the best guess in place', () => {
  expect(spreadLabels([50, 52, 53], 14)).toEqual([38, 52, 66]);
  expect(spreadLabels([10, 52, 90], 14)).toEqual([10, 52, 90]);
});

it.each([
  [0.3, 0.5],
  [0.7, 1],
  [1, 1],
  [13, 20],
  [47, 50],
])('rounds a step of %d up to %d', (rough, step) => {
  expect(niceStep(rough)).toBeCloseTo(step, 10);
});
