/** Tables in which common migration tools write what was applied, with the column that names it. */
export const migrationTables: readonly (readonly [table: string, column: string])[] = [
  ['kysely_migration', 'name'],
  ['_prisma_migrations', 'migration_name'],
  ['knex_migrations', 'name'],
  ['__drizzle_migrations', 'created_at'],
  ['SequelizeMeta', 'name'],
  ['schema_migrations', 'version'],
  ['alembic_version', 'version_num'],
  ['flyway_schema_history', 'version'],
  ['goose_db_version', 'version_id'],
  ['migrations', 'name'],
];
