import type { NativeColumns } from '../../../platform/clickhouse/native-block.ts';

/** A table of the telemetry store. */
export interface TableDefinition {
  readonly name: string;
  /** Types of the columns, with codecs and defaults, in order. A column that is added here is added to old stores. */
  readonly columns: Readonly<Record<string, string>>;
  /** Skipping indexes: expression and type by name; added to old stores, too, for what is written from then on. */
  readonly indexes?: Readonly<Record<string, string>>;
  /** Default `MergeTree`. */
  readonly engine?: string;
  /** Default `toDate(_in)`: a commit is one part in one partition, whatever times its rows carry. Empty for none. */
  readonly partitionBy?: string;
  readonly orderBy: string;
  /** Column of type DateTime by which rows grow old. Default `_in`. */
  readonly agesBy?: string;
  /** Days for which rows are kept unless the configuration says otherwise. */
  readonly retentionDays: number;
}

/** A table that requests write rows to, each request once. */
export interface RequestTable<Columns extends NativeColumns = NativeColumns> extends TableDefinition {
  /** Empty columns of a block; those that are left out take their defaults. */
  newBlock(): Columns;
}

/**
 * A table of facts that rows of other tables refer to by a key: a fact is written again after a while, or after a
 * crash, and the engine merges what has the same key.
 */
export interface UpkeepTable<Columns extends NativeColumns = NativeColumns> extends RequestTable<Columns> {
  readonly isUpkeep: true;
}

/**
 * `_in` is the block: the second in which the row's commit began, by Belay's clock. `_req` is the hash of the request.
 * See docs/adr/0009-blocks-close-by-arrival.md.
 */
export const arrivalColumns = { _in: "DateTime('UTC') CODEC(Delta, ZSTD(1))", _req: 'UInt64' } as const;

/** Types that several tables share. */
export const columnTypes = {
  nanoseconds: "DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1))",
  milliseconds: "DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1))",
  /** Few distinct values. */
  name: 'LowCardinality(String)',
  text: 'String CODEC(ZSTD(1))',
  traceId: 'FixedString(16) CODEC(ZSTD(1))',
  spanId: 'FixedString(8) CODEC(ZSTD(1))',
  attributes: 'Map(LowCardinality(String), String) CODEC(ZSTD(1))',
  /** How many rows this one stands for, once others like it have been thinned out. */
  weight: 'Float64 DEFAULT 1 CODEC(ZSTD(1))',
} as const;
