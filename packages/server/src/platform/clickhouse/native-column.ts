import { type ByteSink, createByteSink } from './byte-sink.ts';

/** One column of a block in ClickHouse's Native format. Values are pushed, then the column is written once. */
export interface NativeColumn<Value> {
  /** ClickHouse's name of the type. */
  readonly type: string;
  push(value: Value): void;
  rows(): number;
  /** Serialisation state that precedes the data (of LowCardinality, at any depth). */
  writePrefix(out: ByteSink): void;
  writeData(out: ByteSink): void;
}

/** A column whose values are written straight into its bytes. */
function plain<Value>(type: string, write: (out: ByteSink, value: Value) => void): NativeColumn<Value> {
  const data = createByteSink();
  let rows = 0;
  return {
    type,
    push(value) {
      write(data, value);
      rows += 1;
    },
    rows: () => rows,
    writePrefix: nothing,
    writeData: (out) => out.bytes(data.written()),
  };
}

export const uint8 = (): NativeColumn<number> => plain('UInt8', (out, value) => out.u8(value));
export const int8 = (): NativeColumn<number> => plain('Int8', (out, value) => out.u8(value));
export const int16 = (): NativeColumn<number> => plain('Int16', (out, value) => out.u16(value));
export const uint16 = (): NativeColumn<number> => plain('UInt16', (out, value) => out.u16(value));
export const uint64 = (): NativeColumn<number> => plain('UInt64', (out, value) => out.u64(value));
export const bigUint64 = (): NativeColumn<bigint> => plain('UInt64', (out, value) => out.big64(value));
export const int32 = (): NativeColumn<number> => plain('Int32', (out, value) => out.u32(value));
export const uint32 = (): NativeColumn<number> => plain('UInt32', (out, value) => out.u32(value));
export const float64 = (): NativeColumn<number> => plain('Float64', (out, value) => out.f64(value));
/** A Float64 given by its bits, as JavaScript may change those of a NaN. */
export const float64Bits = (): NativeColumn<bigint> => plain('Float64', (out, value) => out.big64(value));
/** Unix seconds. */
export const dateTime = (): NativeColumn<number> => plain("DateTime('UTC')", (out, value) => out.u32(value));
/** Unix milliseconds. */
export const dateTimeMs = (): NativeColumn<number> => plain("DateTime64(3, 'UTC')", (out, value) => out.u64(value));
/** Unix nanoseconds. */
export const dateTimeNs = (): NativeColumn<bigint> => plain("DateTime64(9, 'UTC')", (out, value) => out.big64(value));
export const string = (): NativeColumn<string> => plain('String', (out, value) => out.text(value));

/** Exactly `size` bytes; an empty value becomes zeros. */
export function fixedString(size: number): NativeColumn<Uint8Array> {
  const zeros = new Uint8Array(size);
  return plain(`FixedString(${size})`, (out, value: Uint8Array) => out.bytes(value.length === size ? value : zeros));
}

/** Values of another column, or null; `filler` is what stands in the place of a null. */
export function nullable<Value>(inner: NativeColumn<Value>, filler: Value): NativeColumn<Value | null> {
  const isNull = createByteSink();
  return {
    type: `Nullable(${inner.type})`,
    push(value) {
      isNull.u8(value === null ? 1 : 0);
      inner.push(value ?? filler);
    },
    rows: inner.rows,
    writePrefix: inner.writePrefix,
    writeData(out) {
      out.bytes(isNull.written());
      inner.writeData(out);
    },
  };
}

/** Text with few distinct values: a dictionary and an index per row. */
export function lowCardinality(): NativeColumn<string> {
  const dictionary = new Map([['', 0]]);
  const indices: number[] = [];
  return {
    type: 'LowCardinality(String)',
    push(value) {
      let index = dictionary.get(value);
      if (index === undefined) dictionary.set(value, (index = dictionary.size));
      indices.push(index);
    },
    rows: () => indices.length,
    // Version 1: every block brings its own dictionary.
    writePrefix: (out) => out.u64(1),
    writeData(out) {
      if (indices.length === 0) return;
      const width = dictionary.size <= 0x100 ? 0 : dictionary.size <= 0x1_0000 ? 1 : 2;
      // Bits 9 and 10: the dictionary's keys follow, and it replaces the one before.
      out.u64(width + 0x600);
      out.u64(dictionary.size);
      for (const key of dictionary.keys()) out.text(key);
      out.u64(indices.length);
      if (width === 0) for (const index of indices) out.u8(index);
      else if (width === 1) for (const index of indices) out.u16(index);
      else for (const index of indices) out.u32(index);
    },
  };
}

/** Lists of values of another column. */
export function arrayOf<Value>(inner: NativeColumn<Value>): NativeColumn<readonly Value[]> {
  const offsets = createByteSink();
  let rows = 0;
  return {
    type: `Array(${inner.type})`,
    push(values) {
      for (const value of values) inner.push(value);
      offsets.u64(inner.rows());
      rows += 1;
    },
    rows: () => rows,
    writePrefix: inner.writePrefix,
    writeData(out) {
      out.bytes(offsets.written());
      inner.writeData(out);
    },
  };
}

/** Maps given as anything that yields pairs. */
export function mapOf<Key, Value>(
  key: NativeColumn<Key>,
  value: NativeColumn<Value>,
): NativeColumn<Iterable<readonly [Key, Value]>> {
  const offsets = createByteSink();
  let rows = 0;
  return {
    type: `Map(${key.type}, ${value.type})`,
    push(entries) {
      for (const [k, v] of entries) {
        key.push(k);
        value.push(v);
      }
      offsets.u64(key.rows());
      rows += 1;
    },
    rows: () => rows,
    writePrefix(out) {
      key.writePrefix(out);
      value.writePrefix(out);
    },
    writeData(out) {
      out.bytes(offsets.written());
      key.writeData(out);
      value.writeData(out);
    },
  };
}

/** Attributes given flat (key, value, key, value ...), without building pairs. */
export function flatMap(): NativeColumn<readonly string[]> {
  const key = lowCardinality();
  const value = string();
  const offsets = createByteSink();
  let rows = 0;
  return {
    type: `Map(${key.type}, ${value.type})`,
    push(flat) {
      for (let i = 0; i + 1 < flat.length; i += 2) {
        key.push(flat[i] ?? '');
        value.push(flat[i + 1] ?? '');
      }
      offsets.u64(key.rows());
      rows += 1;
    },
    rows: () => rows,
    writePrefix: key.writePrefix,
    writeData(out) {
      out.bytes(offsets.written());
      key.writeData(out);
      value.writeData(out);
    },
  };
}

function nothing(): void {}
