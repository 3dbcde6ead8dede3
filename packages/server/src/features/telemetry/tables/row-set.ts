import type { NativeColumns } from '../../../platform/clickhouse/native-block.ts';
import type { RequestTable, UpkeepTable } from './table-definition.ts';

/** The commit that rows become part of. */
export interface Arrival {
  /** The block: Unix second that all rows of the commit carry. */
  readonly second: number;
  /** Hash of the request that brings the rows. */
  readonly request: bigint;
}

/** The rows that one request brings for one table. */
export interface RowSet {
  readonly table: RequestTable;
  readonly rows: number;
  /** How many of them are stored but not judged. */
  readonly late: number;
  /** Appends all rows to a block that `table` made. May be called again for another attempt of the commit. */
  appendTo(block: NativeColumns, arrival: Arrival): void;
}

/** The rows of one request for `table`; `append` must push exactly `rows` rows into every column, and not fail. */
export function rowSet<Columns extends NativeColumns>(
  table: RequestTable<Columns>,
  counts: { readonly rows: number; readonly late?: number },
  append: (columns: Columns, arrival: Arrival) => void,
): RowSet {
  return {
    table,
    rows: counts.rows,
    late: counts.late ?? 0,
    // The commit makes the block with this very table, so the columns are of its type.
    appendTo: (block, arrival) => append(block as Columns, arrival),
  };
}

/** Facts that a request's rows refer to, by key; only those that were not written lately are written. */
export interface UpkeepRows {
  readonly table: UpkeepTable;
  readonly keys: readonly bigint[];
  /** Appends the fact with `keys[index]`. */
  appendTo(block: NativeColumns, index: number, second: number): void;
}

/** Facts for `table`; `append` pushes one row into every column. */
export function upkeepRows<Columns extends NativeColumns>(
  table: UpkeepTable<Columns>,
  keys: readonly bigint[],
  append: (columns: Columns, index: number, second: number) => void,
): UpkeepRows {
  // As in rowSet, the block is made with this very table.
  return { table, keys, appendTo: (block, index, second) => append(block as Columns, index, second) };
}

/** Everything that one request stores, as a whole or not at all. */
export interface WriteRequest {
  readonly rows: readonly RowSet[];
  readonly upkeep?: readonly UpkeepRows[];
}

/** Rows of a request, facts included. */
export function rowsOf({ rows, upkeep = [] }: WriteRequest): number {
  return rows.reduce((sum, set) => sum + set.rows, 0) + upkeep.reduce((sum, { keys }) => sum + keys.length, 0);
}
