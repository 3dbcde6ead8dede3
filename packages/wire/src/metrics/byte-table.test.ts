import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type ByteKey, createByteTable } from './byte-table.ts';

it('finds what was set last for the same bytes and scope, whatever was set in between', () => {
  const keys = fc.array(fc.tuple(fc.integer({ min: 0, max: 3 }), fc.uint8Array({ maxLength: 9 })), { maxLength: 200 });
  fc.assert(
    fc.property(keys, (steps) => {
      const table = createByteTable<string>({ entries: 10_000, bytes: 1_000_000, seed: 7 });
      const model = new Map<string, string>();
      for (const [scope, bytes] of steps) {
        const name = `${scope}:${bytes.join(',')}`;
        const found = table.get(scope, keyOf(bytes));
        expect(found).toBe(model.get(name));
        if (found === undefined) table.setLast(name);
        model.set(name, name);
      }
    }),
    { seed: 3 },
  );
});

it('puts a new value in the place of the old one', () => {
  const table = createByteTable<number>({ entries: 10, bytes: 1000, seed: 1 });
  const key = keyOf(Buffer.from('k'));
  for (const value of [1, 2, 3]) {
    expect(table.get(0, key)).toBe(value === 1 ? undefined : value - 1);
    table.setLast(value);
  }
  for (let i = 0; i < 10; i += 1) {
    table.get(1, keyOf(Buffer.from(String(i))));
    table.setLast(i);
  }
  expect(table.get(0, key)).toBe(3);
  table.setLast(4);
  expect(table.get(0, key)).toBe(4);
});

it('keeps growing tables right, and bytes that differ only at the end apart', () => {
  const table = createByteTable<number>({ entries: 100_000, bytes: 10_000_000, seed: 1 });
  for (let round = 0; round < 2; round += 1) {
    for (let i = 0; i < 30_000; i += 1) {
      const found = table.get(1, keyOf(Buffer.from(`series-${i}`)));
      expect(found).toBe(round === 0 ? undefined : i);
      if (round === 0) table.setLast(i);
    }
  }
  expect(table.get(2, keyOf(Buffer.from('series-1')))).toBeUndefined();
});

it('forgets what was not asked for and never what is in use, within twice the limit', () => {
  const table = createByteTable<number>({ entries: 1000, bytes: 1_000_000, seed: 1 });
  const used = Buffer.from('in use');
  for (let i = 0; i < 100_000; i += 1) {
    if (i % 100 === 0) {
      const found = table.get(0, keyOf(used));
      if (found === undefined) table.setLast(-1);
      expect(found).toBe(i === 0 ? undefined : -1);
    }
    if (table.get(0, keyOf(Buffer.from(String(i)))) === undefined) table.setLast(i);
    expect(table.size()).toBeLessThanOrEqual(2000);
  }
});

function keyOf(bytes: Uint8Array): ByteKey {
  return {
    bytes,
    view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    start: 0,
    end: bytes.length,
  };
}
