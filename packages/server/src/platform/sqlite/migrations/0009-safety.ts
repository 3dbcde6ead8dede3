import type { Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The catalogue of backups, what proves them, operations on them, and leases that keep them waiting. */
export const safetyMigration: Migration = {
  async up(db) {
    await db.schema
      .createTable('safety_backups')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('sequence', 'bigint', (column) => column.notNull())
      .addColumn('snapshot_at', 'bigint', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('pin', 'text')
      .addColumn('manifest_text', 'text', (column) => column.notNull())
      .addColumn('manifest_hash', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('safety_backups_order').on('safety_backups').columns(['source', 'sequence']).execute();
    await db.schema
      .createTable('safety_copies')
      .addColumn('backup', 'text', (column) => column.notNull())
      .addColumn('destination', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('method', 'text')
      .addColumn('checked_at', 'bigint')
      .addColumn('detail', 'text')
      .addColumn('marked_at', 'bigint')
      .addPrimaryKeyConstraint('safety_copies_key', ['backup', 'destination'])
      .execute();
    await db.schema
      .createTable('safety_receipts')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('backup', 'text', (column) => column.notNull())
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('level', 'text', (column) => column.notNull())
      .addColumn('outcome', 'text', (column) => column.notNull())
      .addColumn('started_at', 'bigint', (column) => column.notNull())
      .addColumn('receipt_json', 'text', (column) => column.notNull())
      .execute();
    await db.schema.createIndex('safety_receipts_backup').on('safety_receipts').column('backup').execute();
    await createUpkeepTables(db);
  },
};

/** Operations, leases and facts. */
async function createUpkeepTables(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('safety_operations')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('kind', 'text', (column) => column.notNull())
    .addColumn('source', 'text')
    .addColumn('state', 'text', (column) => column.notNull())
    .addColumn('started_at', 'bigint', (column) => column.notNull())
    .addColumn('operation_json', 'text', (column) => column.notNull())
    .execute();
  await db.schema
    .createIndex('safety_operations_order')
    .on('safety_operations')
    .columns(['source', 'started_at'])
    .execute();
  await db.schema
    .createTable('safety_leases')
    .addColumn('id', 'text', (column) => column.primaryKey())
    .addColumn('source', 'text', (column) => column.notNull())
    .addColumn('holder', 'text', (column) => column.notNull())
    .addColumn('reason', 'text', (column) => column.notNull())
    .addColumn('acquired_at', 'bigint', (column) => column.notNull())
    .addColumn('expires_at', 'bigint', (column) => column.notNull())
    .execute();
  await db.schema
    .createTable('safety_facts')
    .addColumn('key', 'text', (column) => column.primaryKey())
    .addColumn('value_json', 'text', (column) => column.notNull())
    .execute();
}
