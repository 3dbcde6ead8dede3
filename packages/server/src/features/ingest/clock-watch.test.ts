import { expect, test } from 'vitest';
import { createClockWatch, type SkewedClock } from './clock-watch.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 0, 5);

function watching() {
  const told: SkewedClock[] = [];
  const watch = createClockWatch({ log: { warn() {} }, onSkew: (clock) => void told.push(clock) });
  return { watch, told };
}

test('a clock that is ahead is told of at once, and once; when it is right it is forgotten', () => {
  const { watch, told } = watching();
  for (let i = 0; i < 3; i += 1) watch.note('shop', NOW + i * MINUTE + 5 * MINUTE, NOW + i * MINUTE);
  expect(told).toEqual([{ service: 'shop', skewMs: 5 * MINUTE }]);
  expect(watch.list()).toEqual(told);
  watch.note('shop', NOW + 4 * MINUTE - 1000, NOW + 4 * MINUTE);
  expect(watch.list()).toEqual([]);
});

test('a clock that is behind by the same in every request is told of after five', () => {
  const { watch, told } = watching();
  for (let i = 0; i < 5; i += 1) {
    expect(told).toEqual([]);
    watch.note('shop', NOW + i * 20_000 - 3 * MINUTE - i * 1000, NOW + i * 20_000);
  }
  expect(told).toEqual([{ service: 'shop', skewMs: -3 * MINUTE }]);
});

test('a history that is sent afterwards, a retry and a slow exporter are no wrong clocks', () => {
  const { watch, told } = watching();
  for (let i = 0; i < 50; i += 1) watch.note('history', NOW - (50 - i) * 60 * MINUTE, NOW + i * 10_000);
  for (let i = 0; i < 50; i += 1)
    watch.note('retry', NOW + i * MINUTE - (i === 7 ? 20 * MINUTE : 1000), NOW + i * MINUTE);
  for (let i = 0; i < 50; i += 1) watch.note('slow', NOW + i * MINUTE - 59_000, NOW + i * MINUTE);
  expect(told).toEqual([]);
});

test('endless names of services take no endless memory', () => {
  const { watch } = watching();
  for (let i = 0; i < 3000; i += 1) watch.note(`s${i}`, NOW + 2 * MINUTE, NOW);
  expect(watch.list()).toHaveLength(1000);
});
