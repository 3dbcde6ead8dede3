import type { Migration } from 'kysely/migration';

/** What ageing did to which day of telemetry, its runs, and parts that were set aside. */
export const storageMigration: Migration = {
  async up(db) {
    await db.schema
      .createTable('storage_days')
      .addColumn('table_name', 'text', (column) => column.notNull())
      .addColumn('day', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('rows_seen', 'bigint', (column) => column.notNull())
      .addColumn('rows_before', 'bigint', (column) => column.notNull())
      .addColumn('bytes_before', 'bigint', (column) => column.notNull())
      .addColumn('bytes_after', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('storage_days_key', ['table_name', 'day'])
      .execute();
    await db.schema
      .createTable('storage_runs')
      .addColumn('started_at', 'bigint', (column) => column.primaryKey())
      .addColumn('run_json', 'text', (column) => column.notNull())
      .execute();
    await db.schema
      .createTable('storage_quarantine')
      .addColumn('part_key', 'text', (column) => column.primaryKey())
      .addColumn('part_json', 'text', (column) => column.notNull())
      .execute();
  },
};
