import type { Migration } from 'kysely/migration';

/** Newest result of each invariant of the data. */
export const invariantsMigration: Migration = {
  async up(db) {
    await db.schema
      .createTable('invariant_results')
      .addColumn('source', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('outcome', 'text', (column) => column.notNull())
      .addColumn('detail', 'text')
      .addColumn('since', 'bigint', (column) => column.notNull())
      .addColumn('checked_at', 'bigint', (column) => column.notNull())
      .addColumn('ms', 'integer', (column) => column.notNull())
      .addColumn('occasion', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('invariant_results_key', ['source', 'name'])
      .execute();
  },
};
