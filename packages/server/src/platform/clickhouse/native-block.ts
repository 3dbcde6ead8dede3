import { invariant } from '@belay/core';
import { createByteSink } from './byte-sink.ts';
import type { NativeColumn } from './native-column.ts';

/** Columns by name; the type of their values is settled where they are pushed. */
export type NativeColumns = Readonly<
  Record<string, Pick<NativeColumn<never>, 'type' | 'rows' | 'writePrefix' | 'writeData'>>
>;

/** Writes columns of equal length as one block in ClickHouse's Native format. */
export function encodeNativeBlock(columns: NativeColumns): Uint8Array {
  const entries = Object.entries(columns);
  const rows = entries[0]?.[1].rows() ?? 0;
  const out = createByteSink();
  out.varint(entries.length);
  out.varint(rows);
  for (const [name, column] of entries) {
    invariant(column.rows() === rows, `column ${name} has ${column.rows()} rows instead of ${rows}`);
    out.text(name);
    out.text(column.type);
    if (rows === 0) continue;
    column.writePrefix(out);
    column.writeData(out);
  }
  return out.written();
}
