export {
  isSafeDatabaseError,
  SafeDatabaseError,
  WriteVerificationError,
  type ColumnDifference,
  type SafeDatabaseErrorCode,
  type ValueShape,
} from './database/errors.ts';
export { openSafeSqlite, type SafeSqlite, type SafeSqliteOptions } from './database/sqlite/safe-sqlite.ts';
export type { SqliteTransaction } from './database/sqlite/sqlite-transaction.ts';
export type { SqliteDatabase } from './database/sqlite/sqlite-driver.ts';
export type {
  DatabaseWatch,
  Finding,
  FindingKind,
  Invariant,
  OperationBudget,
  OperationRecord,
  Row,
  RowOptions,
  SafeDatabaseOptions,
  StatementOptions,
  StatementRecord,
  StatementResult,
  VerifyLevel,
  WriteOptions,
} from './database/types.ts';
export type { ReportOptions } from './database/report-options.ts';
export { openSafePostgres, type SafePostgres } from './database/async/safe-postgres.ts';
export { openSafeKysely, type SafeKysely } from './database/async/safe-kysely.ts';
export type { SafeAsyncDatabase, SafeAsyncOptions } from './database/async/safe-async.ts';
export type { AsyncTransaction } from './database/async/async-transaction.ts';
