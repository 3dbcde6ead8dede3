import { isBelayError } from '@belay/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decompressSnappy } from './snappy.ts';

/** A block as an encoder writes it that knows literals and copies of every form. */
interface Piece {
  readonly literal?: Uint8Array;
  readonly copy?: { readonly form: 1 | 2 | 3; readonly count: number; readonly back: number };
}

const piece: fc.Arbitrary<Piece> = fc.oneof(
  fc.record({ literal: fc.uint8Array({ minLength: 1, maxLength: 300 }) }),
  fc.record({
    copy: fc.record({
      form: fc.constantFrom(1 as const, 2 as const, 3 as const),
      count: fc.integer({ min: 4, max: 11 }),
      back: fc.integer({ min: 1, max: 400 }),
    }),
  }),
);

describe('decompressSnappy', () => {
  it('reads literals and overlapping copies of every form', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const { block, plain } = encode(pieces);
        expect([...decompressSnappy(block, 1e6)]).toEqual(plain);
      }),
      { seed: 29 },
    );
  });

  it('reads the example of the format: a run told by one copy', () => {
    // 10 x "a": a literal of one, then a copy of nine from one back.
    expect(Buffer.from(decompressSnappy(Uint8Array.of(10, 0, 0x61, (8 << 2) | 2, 1, 0), 10)).toString()).toBe(
      'aaaaaaaaaa',
    );
  });

  it('refuses what is announced as too large before anything is allocated', () => {
    expect(() => decompressSnappy(Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f), 1000)).toThrow('4294967295 bytes');
  });

  it.each([
    ['nothing', []],
    ['a length without end', [0xff, 0xff, 0xff, 0xff, 0xff, 1]],
    ['less than announced', [5, 0, 0x61]],
    ['more than announced', [1, 4, 0x61, 0x62]],
    ['copies that go on for ever', [4, 0, 0x61, 0xfe, 1, 0, 0xfe, 1, 0, 0xfe, 1, 0]],
    ['a copy from before the start', [8, 0, 0x61, 0x0e, 9, 0]],
    ['a copy from here', [8, 0, 0x61, 0x0e, 0, 0]],
    ['a literal of a negative length', [8, 0xfc, 0xf0, 0xff, 0xff, 0xff, 0, 0]],
  ])('refuses %s', (_case, bytes) => {
    expect(() => decompressSnappy(Uint8Array.from(bytes), 1e6)).toThrow('not compressed with snappy');
  });

  it('answers any bytes with bytes or a clear error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(300), (bytes, length) => {
        const body = Uint8Array.from([...varint(length), ...bytes]);
        try {
          expect(decompressSnappy(body, 300)).toHaveLength(length);
        } catch (error) {
          if (!isBelayError(error)) throw error;
          expect(error.code).toBe('request.malformed');
        }
      }),
      { seed: 31, numRuns: 5000 },
    );
  });
});

function encode(pieces: readonly Piece[]): { block: Uint8Array; plain: number[] } {
  const plain: number[] = [];
  const out: number[] = [];
  for (const { literal, copy } of pieces) {
    if (literal !== undefined) {
      const rest = literal.length - 1;
      if (rest < 60) out.push(rest << 2);
      else if (rest < 256) out.push(60 << 2, rest);
      else out.push(61 << 2, rest & 0xff, rest >> 8);
      out.push(...literal);
      plain.push(...literal);
    }
    if (copy === undefined || plain.length === 0) continue;
    const back = Math.min(copy.back, plain.length);
    if (copy.form === 1) out.push(((copy.count - 4) << 2) | 1 | ((back >> 8) << 5), back & 0xff);
    else if (copy.form === 2) out.push(((copy.count - 1) << 2) | 2, back & 0xff, back >> 8);
    else out.push(((copy.count - 1) << 2) | 3, back & 0xff, back >> 8, 0, 0);
    for (let i = 0; i < copy.count; i += 1) plain.push(plain[plain.length - back] ?? 0);
  }
  return { block: Uint8Array.from([...varint(plain.length), ...out]), plain };
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)];
}
