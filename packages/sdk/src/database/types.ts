import type { ReportOptions } from './report-options.ts';

/** How a write is checked before its transaction commits. Each level includes those before. */
export type VerifyLevel = 'off' | 'changes' | 'row' | 'committed';

/** Settings of a safe database. Every one has a default. */
export interface SafeDatabaseOptions {
  /** Name of this database in reports. Default: `database`. */
  readonly name?: string;
  /**
   * `off`: nothing is checked; `changes`: counts of changed rows; `row` (default): each row that `insert`, `update`,
   * `upsert` or `delete` wrote is read back and compared inside the transaction; `committed`: once more on a second
   * connection after the commit.
   */
  readonly verify?: VerifyLevel;
  /** Most tries of one write, the first included. Default 12. */
  readonly maxAttempts?: number;
  /** Ms after which no further try begins. Default 5000. */
  readonly retryForMs?: number;
  /**
   * `test` makes findings errors where they would be warnings: a query repeated 25 times or more in one operation,
   * `fetch` inside a write. Default: `test` where NODE_ENV is `test`, `development` or `production` likewise.
   */
  readonly mode?: 'production' | 'development' | 'test';
  /** Who acts, for the operation log; called once per operation. */
  readonly actor?: () => string | undefined;
  /** Operations that are kept in memory. Default 1000, at most 100000. */
  readonly keepOperations?: number;
  /** Told of every operation that ended; a failure of it costs the application nothing. */
  readonly onOperation?: (operation: OperationRecord) => void;
  /** Told of every finding: slow or repeated queries, budgets, writes that did not hold. */
  readonly onFinding?: (finding: Finding) => void;
  /** Writes a row per operation that wrote into the table `belay_operation_log`, in its own transaction. Default false. */
  readonly operationTable?: boolean;
  /** Columns (`column` or `table.column`) whose values may be shown in diffs and findings. Default none. */
  readonly showValuesOf?: readonly string[];
  /** Ms above which a query is slow, if it is also twice its usual p99. Default 50. */
  readonly slowMs?: number;
  /** What happens when an operation needs more than its budget. Default `warn`. */
  readonly budgetMode?: 'off' | 'warn' | 'throw';
  /** Budgets by operation; where there is none, one is learnt: p99 + 20% after 100 operations. */
  readonly budgets?: Readonly<Record<string, OperationBudget>>;
  /** Budgets learnt by an earlier process, from `learnt()`. */
  readonly learnt?: Readonly<Record<string, OperationBudget>>;
  /** Named queries that must hold before each commit: no row, or one number within limits. */
  readonly invariants?: Readonly<Record<string, Invariant>>;
  /** Sends findings and figures to Belay. Default: where BELAY_URL is set. */
  readonly report?: boolean | ReportOptions;
}

/** What one operation may need. */
export interface OperationBudget {
  readonly queries?: number;
  readonly ms?: number;
  readonly rows?: number;
}

/** A query that must return no row; with `min` or `max`, one number within these limits. */
export interface Invariant {
  readonly sql: string;
  readonly min?: number;
  readonly max?: number;
  /** Tables whose change makes it worth checking. Default: after every write. */
  readonly tables?: readonly string[];
}

/** Settings of one write. */
export interface WriteOptions {
  /**
   * Key under which this write happens at most once, whatever fails: it is stored in the same transaction, and a later
   * call with the same key returns the stored result without running the callback. 1 to 200 characters.
   */
  readonly idempotencyKey?: string;
  readonly verify?: VerifyLevel;
  /** PostgreSQL: isolation of the transaction. Default `serializable`. */
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** False: invariants are not checked in this write. */
  readonly invariants?: boolean;
}

/** Settings of one verified statement. */
export interface RowOptions {
  /** Columns that the database itself changes (generated, touched by triggers), left out of the comparison. */
  readonly except?: readonly string[];
}

/** Settings of one statement of one's own. */
export interface StatementOptions {
  /** Rows that it must change; anything else rolls the write back. */
  readonly changes?: number;
}

/** A row: values by column. */
export type Row = Readonly<Record<string, unknown>>;

/** What a raw write did. */
export interface StatementResult {
  readonly changes: number;
}

/** One statement that ran, without its parameters. */
export interface StatementRecord {
  /** The statement with `?` for its values. */
  readonly fingerprint: string;
  readonly count: number;
  readonly ms: number;
  readonly rows: number;
}

/** One operation that ended. */
export interface OperationRecord {
  readonly id: string;
  readonly name: string;
  readonly actor: string | undefined;
  /** Unix ms at which it began. */
  readonly at: number;
  readonly ms: number;
  readonly outcome: 'committed' | 'rolled-back' | 'already-done' | 'unknown' | 'read';
  readonly retries: number;
  readonly tables: readonly string[];
  readonly rows: number;
  readonly statements: readonly StatementRecord[];
  readonly error: string | undefined;
}

/** What is wrong with one of the operations. */
export type FindingKind =
  | 'slow-query'
  | 'repeated-query'
  | 'over-budget'
  | 'write-not-verified'
  | 'invariant-broken'
  | 'side-effect'
  | 'retries-exhausted'
  | 'commit-unknown'
  | 'commit-resolved'
  | 'effect-failed';

/** Something that people should look at. Holds no values of the application. */
export interface Finding {
  readonly kind: FindingKind;
  readonly severity: 'info' | 'warn' | 'error';
  readonly operation: string;
  readonly operationId: string;
  readonly at: number;
  readonly message: string;
  readonly fingerprint: string | undefined;
  /** Plan of a slow query, values taken out; it comes later than the finding itself, as a second one. */
  readonly plan: string | undefined;
  readonly facts: Readonly<Record<string, string | number>>;
}

/** What every safe database can tell of itself. */
export interface DatabaseWatch {
  /** The newest operations, oldest first. */
  operations(): readonly OperationRecord[];
  /** The newest findings (at most 200), oldest first. */
  findings(): readonly Finding[];
  /** Budgets learnt so far; store them and hand them to the next process as `learnt`. */
  learnt(): Readonly<Record<string, OperationBudget>>;
  /** Sends what waits, at most for `deadlineMs` (2000), and stops. The database itself stays open. */
  close(deadlineMs?: number): Promise<void>;
}
