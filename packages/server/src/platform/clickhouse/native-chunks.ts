import { endianness } from 'node:os';
import { invariant } from '@belay/core';
import { createByteSink } from './byte-sink.ts';
import type { NativeColumn } from './native-column.ts';

/** A column whose rows are pushed many at once, as typed arrays of their bytes; a million rows cost a few copies. */
export interface ChunkColumn extends NativeColumn<ArrayBufferView> {
  /** Pushes the same row several times; `low` and `high` are its words, `high` is left out of narrow columns. */
  fill(rows: number, low: number, high?: number): void;
}

/** Rows of 4 or 8 bytes in the engine's byte order. */
export function chunks(type: string, width: 4 | 8): ChunkColumn {
  const data = createByteSink();
  const push = (value: ArrayBufferView): void => {
    invariant(value.byteLength % width === 0, `${value.byteLength} bytes are whole rows of ${type}`);
    data.bytes(new Uint8Array(value.buffer, value.byteOffset, value.byteLength));
  };
  return {
    type,
    push,
    fill(rows, low, high = 0) {
      const words = new Uint32Array((rows * width) / 4).fill(low);
      if (width === 8) for (let i = 1; i < words.length; i += 2) words[i] = high;
      push(words);
    },
    rows: () => data.length / width,
    writePrefix: () => {},
    writeData: (out) => out.bytes(data.written()),
  };
}

// ClickHouse's blocks are little-endian, as is every machine that its engine runs on.
invariant(endianness() === 'LE', 'the machine is little-endian');

/** A Float64 column whose values may be given by their words, as JavaScript may change the payload of a NaN. */
export interface DoubleColumn extends NativeColumn<number> {
  pushWords(low: number, high: number): void;
}

export function doubles(): DoubleColumn {
  const data = createByteSink();
  return {
    type: 'Float64',
    push: (value) => data.f64(value),
    pushWords(low, high) {
      data.u32(low);
      data.u32(high);
    },
    rows: () => data.length / 8,
    writePrefix: () => {},
    writeData: (out) => out.bytes(data.written()),
  };
}
