import { invariant } from '@belay/core';
import { createByteSink, type ByteSink } from './byte-sink.ts';
import type { NativeColumn } from './native-column.ts';

/** A column as a block needs it, without a way to push single values. */
export type BulkColumn = Pick<NativeColumn<never>, 'type' | 'rows' | 'writePrefix' | 'writeData'>;

/** Rows of a fixed width, many at once. */
export interface FixedColumn extends BulkColumn {
  append(rows: ArrayBufferView): void;
  /** The same row, `width` bytes, several times. */
  repeat(row: Uint8Array, rows: number): void;
}

/** Texts with few distinct values: a dictionary for the block, and an index a row. */
export interface DictionaryColumn extends BulkColumn {
  /** Rows `texts[indices[i]]`. */
  append(texts: readonly string[], indices: Uint32Array): void;
}

/** Texts given as ClickHouse writes them, each its length and its bytes. */
export interface TextsColumn extends BulkColumn {
  append(texts: Uint8Array, rows: number): void;
}

/** How many elements each row of an array or map has. */
export interface OffsetsColumn {
  append(counts: Uint32Array): void;
  rows(): number;
  write(out: ByteSink): void;
}

export function fixed(type: string, width: number): FixedColumn {
  const data = createByteSink();
  return {
    type,
    append(rows) {
      invariant(rows.byteLength % width === 0, `${rows.byteLength} bytes are whole rows of ${type}`);
      data.bytes(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength));
    },
    repeat(row, rows) {
      const all = new Uint8Array(width * rows);
      all.set(row);
      // Each step doubles what is there.
      for (let done = width; done < all.length; done *= 2) all.copyWithin(done, 0, Math.min(done, all.length - done));
      data.bytes(rows === 0 ? all.subarray(0, 0) : all);
    },
    rows: () => data.length / width,
    writePrefix: nothing,
    writeData: (out) => out.bytes(data.written()),
  };
}

export function texts(): TextsColumn {
  const data = createByteSink();
  let count = 0;
  return {
    type: 'String',
    append(bytes, rows) {
      data.bytes(bytes);
      count += rows;
    },
    rows: () => count,
    writePrefix: nothing,
    writeData: (out) => out.bytes(data.written()),
  };
}

const FIRST_ROWS = 1024;

export function dictionary(): DictionaryColumn {
  const entries = new Map([['', 0]]);
  let indices = new Uint32Array(FIRST_ROWS);
  let rows = 0;
  return {
    type: 'LowCardinality(String)',
    append(names, added) {
      if (rows + added.length > indices.length) {
        const larger = new Uint32Array(Math.max(2 * indices.length, rows + added.length));
        larger.set(indices.subarray(0, rows));
        indices = larger;
      }
      const mapping = new Int32Array(names.length).fill(-1);
      for (let i = 0; i < added.length; i += 1) {
        const name = added[i] ?? 0;
        let entry = mapping[name] ?? 0;
        if (entry < 0) {
          const text = names[name] ?? '';
          entry = entries.get(text) ?? entries.size;
          entries.set(text, entry);
          mapping[name] = entry;
        }
        indices[rows + i] = entry;
      }
      rows += added.length;
    },
    rows: () => rows,
    // Version 1: every block brings its own dictionary.
    writePrefix: (out) => out.u64(1),
    writeData(out) {
      if (rows === 0) return;
      const width = entries.size <= 0x100 ? 0 : entries.size <= 0x1_0000 ? 1 : 2;
      // Bits 9 and 10: the dictionary's keys follow, and it replaces the one before.
      out.u64(width + 0x600);
      out.u64(entries.size);
      for (const entry of entries.keys()) out.text(entry);
      out.u64(rows);
      const used = indices.subarray(0, rows);
      const packed = width === 0 ? Uint8Array.from(used) : width === 1 ? Uint16Array.from(used) : used;
      out.bytes(new Uint8Array(packed.buffer, packed.byteOffset, packed.byteLength));
    },
  };
}

export function offsets(): OffsetsColumn {
  const data = createByteSink();
  let total = 0;
  return {
    append(counts) {
      // Ends as UInt64; a block has far fewer than 2^32 elements.
      const ends = new Uint32Array(2 * counts.length);
      for (let i = 0; i < counts.length; i += 1) {
        total += counts[i] ?? 0;
        ends[2 * i] = total;
      }
      data.bytes(new Uint8Array(ends.buffer));
    },
    rows: () => data.length / 8,
    write: (out) => out.bytes(data.written()),
  };
}

/** Attributes of items that are rows, or elements of rows. */
export interface AttributesColumn extends BulkColumn {
  append(attributes: {
    readonly keys: readonly string[];
    readonly columns: { readonly counts: Uint32Array; readonly keys: Uint32Array; readonly values: Uint8Array };
  }): void;
}

export function attributeMaps(): AttributesColumn {
  const counts = offsets();
  const names = dictionary();
  const values = texts();
  return {
    type: 'Map(LowCardinality(String), String)',
    append({ keys, columns }) {
      counts.append(columns.counts);
      names.append(keys, columns.keys);
      values.append(columns.values, columns.keys.length);
    },
    rows: counts.rows,
    writePrefix: names.writePrefix,
    writeData(out) {
      counts.write(out);
      names.writeData(out);
      values.writeData(out);
    },
  };
}

/** Lists whose elements are rows of another column. */
export function listsOf<Inner extends BulkColumn>(
  inner: Inner,
): BulkColumn & { readonly counts: OffsetsColumn; readonly inner: Inner } {
  const counts = offsets();
  return {
    type: `Array(${inner.type})`,
    counts,
    inner,
    rows: counts.rows,
    writePrefix: inner.writePrefix,
    writeData(out) {
      counts.write(out);
      inner.writeData(out);
    },
  };
}

function nothing(): void {}
