import type { Migration } from 'kysely/migration';

/** What was sent and not stored, counted by cause. */
export const ingestMigration: Migration = {
  async up(db) {
    await db.schema
      .createTable('ingest_drops')
      .addColumn('cause', 'text', (column) => column.notNull())
      .addColumn('signal', 'text', (column) => column.notNull())
      .addColumn('sender', 'text', (column) => column.notNull())
      .addColumn('count', 'bigint', (column) => column.notNull())
      .addColumn('first_at', 'bigint', (column) => column.notNull())
      .addColumn('last_at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('ingest_drops_key', ['cause', 'signal', 'sender'])
      .execute();
  },
};
