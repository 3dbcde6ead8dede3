import { invariant } from '@belay/core';

/** Reads ClickHouse's RowBinary: values one after the other, little-endian, without names or types. */
export interface RowBinary {
  readonly isAtEnd: boolean;
  /** UInt8 and Int8. */
  byte(): number;
  signedByte(): number;
  int32(): number;
  uint32(): number;
  /** UInt64 as decimal text, because a number would lose its last digits. */
  uint64Text(): string;
  float64(): number;
  text(): string;
  /** Passes over a text. */
  skipText(): void;
  /** Array(Float64). */
  floats(): Float64Array;
  /** The same with the bits of NaN untouched, as two words each, the lower one first. */
  floatWords(): Uint32Array;
  /** Array(UInt32) as numbers on top of `base`. */
  offsets(base: number): Float64Array;
  /** Array(T), item by item. */
  list<Item>(read: () => Item): Item[];
}

export function createRowBinary(bytes: Uint8Array): RowBinary {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = 0;
  const take = (size: number): number => {
    const start = at;
    at += size;
    invariant(at <= bytes.length, 'the answer of the engine is complete');
    return start;
  };
  const length = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const part = view.getUint8(take(1));
      value += (part & 0x7f) * factor;
      if (part < 0x80) return value;
    }
  };
  const words = (): ArrayBuffer => {
    const size = length() * 8;
    const start = bytes.byteOffset + take(size);
    // A copy, because typed arrays need aligned memory.
    return bytes.buffer.slice(start, start + size) as ArrayBuffer;
  };
  return {
    get isAtEnd() {
      return at >= bytes.length;
    },
    byte: () => view.getUint8(take(1)),
    signedByte: () => view.getInt8(take(1)),
    int32: () => view.getInt32(take(4), true),
    uint32: () => view.getUint32(take(4), true),
    uint64Text: () => view.getBigUint64(take(8), true).toString(),
    float64: () => view.getFloat64(take(8), true),
    text() {
      const size = length();
      const start = take(size);
      return buffer.toString('utf8', start, start + size);
    },
    skipText() {
      take(length());
    },
    floats: () => new Float64Array(words()),
    floatWords: () => new Uint32Array(words()),
    offsets(base) {
      const count = length();
      const start = take(count * 4);
      const values = new Float64Array(count);
      for (let index = 0; index < count; index += 1) values[index] = base + view.getUint32(start + 4 * index, true);
      return values;
    },
    list(read) {
      return Array.from({ length: length() }, read);
    },
  };
}
