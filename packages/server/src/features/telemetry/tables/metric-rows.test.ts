import { expect, it } from 'vitest';
import { fingerprintOf } from './distribution-columns.ts';
import { numberPointRows, numberPointsTable } from './number-points.ts';

it('numbers are copied column by column, bit by bit', () => {
  const series = { metric: 'm', fpLow: 0xffff_fffe, fpHigh: 7, dueAt: 0, heardAt: 0 };
  const times = Float64Array.of(1_764_000_000_123, 5, 0);
  const bits = Uint32Array.of(2, 0x7ff0_0000, 0, 0x3ff0_0000, 9, 9);
  const rows = numberPointRows({ length: 2, series: [series, series], times, bits });
  const block = numberPointsTable.newBlock();
  rows.appendTo(block, { second: 9, request: (5n << 32n) | 3n });
  rows.appendTo(block, { second: 9, request: 4n });
  expect(Object.values(block).map((column) => column.rows())).toEqual([4, 4, 4, 4, 4, 4]);
  expect(wordsOf(block.fp)).toEqual([0xffff_fffe, 7, 0xffff_fffe, 7, 0xffff_fffe, 7, 0xffff_fffe, 7]);
  expect(wordsOf(block._req)).toEqual([3, 5, 3, 5, 4, 0, 4, 0]);
  expect(wordsOf(block.value).slice(0, 4)).toEqual([2, 0x7ff0_0000, 0, 0x3ff0_0000]);
  const [low = 0, high = 0] = wordsOf(block.ts);
  expect(high * 2 ** 32 + low).toBe(1_764_000_000_123);
  expect(fingerprintOf(series)).toBe((7n << 32n) | 0xffff_fffen);
});

function wordsOf(column: ReturnType<(typeof numberPointsTable)['newBlock']>['fp']): number[] {
  const words: number[] = [];
  column.writeData({
    bytes: (value: Uint8Array) => {
      const view = new DataView(value.buffer, value.byteOffset, value.byteLength);
      for (let at = 0; at < value.length; at += 4) words.push(view.getUint32(at, true));
    },
  } as Parameters<typeof column.writeData>[0]);
  return words;
}
