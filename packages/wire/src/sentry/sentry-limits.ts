/** Bounds on what one envelope may make the decoder build. */
export interface SentryLimits {
  readonly items: number;
  /** Bytes of the header of an envelope or item. */
  readonly headerBytes: number;
  /** Bytes of one event, transaction or session; Sentry itself takes 1 MiB. */
  readonly itemBytes: number;
  /** Spans or log records of one item. */
  readonly records: number;
  readonly exceptions: number;
  readonly frames: number;
  readonly breadcrumbs: number;
  /** Tags, fields of a context, attributes. */
  readonly fields: number;
  /** Characters of one value. */
  readonly textLength: number;
  /** Nesting of a value that is kept as text. */
  readonly depth: number;
}

/** Limits that no honest SDK meets. */
export const defaultSentryLimits: SentryLimits = {
  items: 500,
  headerBytes: 65_536,
  itemBytes: 2 * 1024 * 1024,
  records: 10_000,
  exceptions: 10,
  frames: 100,
  breadcrumbs: 100,
  fields: 100,
  textLength: 8192,
  depth: 6,
};
