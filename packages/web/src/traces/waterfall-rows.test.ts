import type { TraceSpan } from '@belay/protocol';
import { expect, it } from 'vitest';
import { serviceColours, waterfallRows } from './waterfall-rows.ts';

const span = (spanId: string, depth: number, startMs: number, durationMs: number, service = 'shop') =>
  ({ spanId, depth, startMs, durationMs, service }) as TraceSpan;
const spans = [span('a', 0, 0, 100), span('b', 1, 10, 50), span('c', 2, 20, 0), span('d', 1, 70, 30, 'db')];

it('places bars in percent of the trace, and none so short that it cannot be seen', () => {
  const rows = waterfallRows(spans, 100, new Set());
  expect(rows.map((row) => [row.left, row.width])).toEqual([
    [0, 100],
    [10, 50],
    [20, 0.3],
    [70, 30],
  ]);
});

it('folds everything below a span, and says how much', () => {
  const rows = waterfallRows(spans, 100, new Set(['b']));
  expect(rows.map((row) => [row.span.spanId, row.hidden])).toEqual([
    ['a', 0],
    ['b', 1],
    ['d', 0],
  ]);
});

it('keeps bars within the trace when a clock is wrong', () => {
  const [row] = waterfallRows([span('x', 0, 500, 100)], 100, new Set());
  expect((row?.left ?? 0) + (row?.width ?? 0)).toBeLessThanOrEqual(100);
});

it('gives each service a colour of its own', () => {
  expect(serviceColours(spans).get('db')).not.toBe(serviceColours(spans).get('shop'));
});
