/** What a value was, without saying it: type, length and a hash under a key of this process. */
export interface ValueShape {
  readonly type: string;
  readonly length: number;
  readonly hash: string;
  /** The value itself, for columns that may be shown. */
  readonly shown?: string;
}

/** One column that did not come back as it was written. */
export interface ColumnDifference {
  readonly column: string;
  readonly written: ValueShape;
  readonly stored: ValueShape;
}

/** Codes of errors that a safe database throws besides those of the driver. */
export type SafeDatabaseErrorCode =
  | 'write.not-verified'
  | 'write.invariant-broken'
  | 'write.commit-unknown'
  | 'write.retries-exhausted'
  | 'write.result-not-kept'
  | 'write.misused'
  | 'write.over-budget'
  | 'write.repeated-query'
  | 'write.side-effect'
  | 'migration.not-safe';

/** Something that a safe database refuses or found out; recognise it by `code`. */
export class SafeDatabaseError extends Error {
  readonly code: SafeDatabaseErrorCode;
  /** What to do next. */
  readonly hint: string;

  constructor(code: SafeDatabaseErrorCode, message: string, options: { readonly hint: string; cause?: unknown }) {
    super(`${message} ${options.hint}`, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'SafeDatabaseError';
    this.code = code;
    this.hint = options.hint;
  }
}

/**
 * The database does not hold what was written. Inside the transaction it was rolled back; with `isCommitted` it was
 * found after the commit, on a second connection, and stands. Differences name columns and shapes, never values.
 */
export class WriteVerificationError extends SafeDatabaseError {
  readonly table: string;
  readonly differences: readonly ColumnDifference[];
  readonly isCommitted: boolean;

  constructor(
    table: string,
    what: string,
    found: { readonly differences?: readonly ColumnDifference[]; readonly isCommitted?: boolean } = {},
  ) {
    const isCommitted = found.isCommitted ?? false;
    super('write.not-verified', `A write to "${table}" did not hold: ${what}.`, {
      hint: isCommitted
        ? 'It is committed: compare the row with what was meant, and look for a second writer or a failing disk.'
        : 'It was rolled back. Columns that the database changes itself belong in "except".',
    });
    this.name = 'WriteVerificationError';
    this.table = table;
    this.differences = found.differences ?? [];
    this.isCommitted = isCommitted;
  }
}

/** Recognises an error of a safe database by shape, so that a second copy of the class does not matter. */
export function isSafeDatabaseError(value: unknown): value is SafeDatabaseError {
  return (
    value instanceof Error && 'code' in value && 'hint' in value && /^(write|migration)\./.test(String(value.code))
  );
}
