import { expect, it } from 'vitest';
import {
  carriedParameters,
  momentOf,
  localFieldText,
  rangeText,
  readRange,
  refreshEvery,
  writeRange,
} from './time-range.ts';

const HOUR = 3_600_000;
const at = Date.UTC(2026, 10, 24, 14, 2);
const zone = { timeZone: 'UTC' };
const read = (text: string) => readRange(new URLSearchParams(text), '1h');
const written = (range: Parameters<typeof writeRange>[1], before = '') => {
  const parameters = new URLSearchParams(before);
  writeRange(parameters, range, '1h');
  return parameters.toString();
};

it.each([
  ['', { kind: 'last', ms: HOUR }],
  ['last=24h', { kind: 'last', ms: 24 * HOUR }],
  ['last=forever', { kind: 'last', ms: HOUR }],
  ['from=1000&to=2000', { kind: 'between', from: 1000, to: 2000 }],
  ['from=2000&to=1000', { kind: 'last', ms: HOUR }],
  ['from=-1&to=x', { kind: 'last', ms: HOUR }],
])('reads "%s"', (text, range) => {
  expect(read(text)).toEqual(range);
});

it('writes a range so that reading gives it back, and leaves other parameters alone', () => {
  expect(written({ kind: 'last', ms: HOUR }, 'last=24h&service=shop')).toBe('service=shop');
  for (const range of [{ kind: 'last', ms: 24 * HOUR } as const, { kind: 'between', from: 1, to: 2 } as const])
    expect(read(written(range))).toEqual(range);
});

it('says a range in words', () => {
  const now = at + HOUR;
  expect(rangeText({ kind: 'last', ms: HOUR }, now, zone)).toBe('Last hour');
  expect(rangeText({ kind: 'between', from: at, to: at + 28 * 60_000 }, now, zone)).toBe('today 14:02 to 14:30');
  expect(rangeText({ kind: 'between', from: at - 24 * HOUR, to: at }, now, zone)).toBe(
    'yesterday 14:02 to today 14:02',
  );
});

it('refreshes no more than every five seconds and at least every five minutes', () => {
  expect(refreshEvery(1000)).toBe(5000);
  expect(refreshEvery(HOUR)).toBe(15_000);
  expect(refreshEvery(90 * 24 * HOUR)).toBe(300_000);
});

it('takes range and service along, nothing else', () => {
  expect(carriedParameters('?last=6h&service=shop&q=timeout')).toBe('?last=6h&service=shop');
  expect(carriedParameters('?q=timeout')).toBe('');
});

it('shows and reads local fields', () => {
  expect(momentOf(localFieldText(at))).toBe(at);
  expect(momentOf('')).toBeNull();
});
