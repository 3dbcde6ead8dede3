import type { Operation } from '../operation.ts';
import type { SafeDatabaseOptions } from '../types.ts';
import type { SqliteDriver } from './sqlite-driver.ts';

/** Keeps a row per write in its own transaction: what is written and who wrote it stand or fall together. */
export interface OperationTable {
  write(operation: Operation): void;
}

/** SQL of the table, the same in SQLite and PostgreSQL. */
export const OPERATION_LOG_TABLE: string = `CREATE TABLE IF NOT EXISTS belay_operation_log (
  op_id TEXT PRIMARY KEY, name TEXT NOT NULL, actor TEXT, at BIGINT NOT NULL, ms DOUBLE PRECISION NOT NULL,
  retries INTEGER NOT NULL, tables TEXT NOT NULL, row_count INTEGER NOT NULL, fingerprints TEXT NOT NULL)`;

/** Values of one row of the table, in its order. */
export function operationRow(operation: Operation): readonly unknown[] {
  const tables = new Set(operation.statements.flatMap(({ fingerprint }) => fingerprint.tables));
  const texts = operation.statements.slice(0, 20).map(({ fingerprint }) => fingerprint.text);
  return [
    operation.id,
    operation.name.slice(0, 200),
    operation.actor ?? null,
    operation.at,
    performance.now() - operation.startedAt,
    operation.attempt - 1,
    [...tables].join(','),
    operation.rows,
    JSON.stringify(texts),
  ];
}

/** The table of this database; made at the start. Undefined where it is not wanted. */
export function createOperationTable(
  driver: SqliteDriver,
  { operationTable }: SafeDatabaseOptions,
): OperationTable | undefined {
  if (operationTable !== true) return undefined;
  driver.prepare(OPERATION_LOG_TABLE).run([]);
  return {
    write(operation) {
      driver
        .prepare('INSERT INTO belay_operation_log VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)')
        .run([...operationRow(operation)]);
    },
  };
}
