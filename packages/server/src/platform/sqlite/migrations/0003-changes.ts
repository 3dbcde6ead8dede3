import type { Migration } from 'kysely/migration';

/** Rollouts, what their guards decided, their effect charts and the measured undo. */
export const changesMigration: Migration = {
  async up(db) {
    await db.schema
      .createTable('rollouts')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('number', 'integer', (column) => column.notNull().unique())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('flag_key', 'text', (column) => column.notNull())
      .addColumn('component', 'text', (column) => column.notNull())
      .addColumn('status', 'text', (column) => column.notNull())
      .addColumn('input_json', 'text', (column) => column.notNull())
      .addColumn('state_json', 'text', (column) => column.notNull())
      .addColumn('seed', 'text', (column) => column.notNull())
      .addColumn('since_revision', 'bigint')
      .addColumn('from_second', 'bigint')
      .addColumn('read_through', 'bigint')
      .addColumn('engine_config_json', 'text')
      .addColumn('engine_state_json', 'text')
      .addColumn('created_at', 'bigint', (column) => column.notNull())
      .addColumn('created_by_json', 'text', (column) => column.notNull())
      .addColumn('ended_at', 'bigint')
      .execute();
    await db.schema.createIndex('rollouts_by_status').on('rollouts').columns(['status', 'number']).execute();
    await db.schema.createIndex('rollouts_by_flag').on('rollouts').columns(['flag_key', 'number']).execute();
    await db.schema
      .createTable('rollout_decisions')
      .addColumn('rollout_id', 'text', (column) => column.notNull().references('rollouts.id'))
      .addColumn('attempt', 'integer', (column) => column.notNull())
      .addColumn('position', 'integer', (column) => column.notNull())
      .addColumn('second', 'bigint', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('stage', 'integer', (column) => column.notNull())
      .addColumn('because', 'text', (column) => column.notNull())
      .addColumn('state_hash', 'text', (column) => column.notNull())
      .addColumn('at', 'bigint', (column) => column.notNull())
      .addPrimaryKeyConstraint('rollout_decisions_key', ['rollout_id', 'attempt', 'position'])
      .execute();
    await db.schema
      .createTable('rollout_points')
      .addColumn('rollout_id', 'text', (column) => column.notNull().references('rollouts.id'))
      .addColumn('attempt', 'integer', (column) => column.notNull())
      .addColumn('second', 'bigint', (column) => column.notNull())
      .addColumn('share', 'real', (column) => column.notNull())
      .addColumn('guards_json', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('rollout_points_key', ['rollout_id', 'attempt', 'second'])
      .execute();
    await db.schema
      .createTable('rollout_undos')
      .addColumn('rollout_id', 'text', (column) => column.notNull().references('rollouts.id'))
      .addColumn('attempt', 'integer', (column) => column.notNull())
      .addColumn('revision', 'bigint', (column) => column.notNull())
      .addColumn('decided_at', 'bigint', (column) => column.notNull())
      .addColumn('expected_json', 'text', (column) => column.notNull())
      .addColumn('confirmed_json', 'text', (column) => column.notNull())
      .addColumn('completed_at', 'bigint')
      .addPrimaryKeyConstraint('rollout_undos_key', ['rollout_id', 'attempt'])
      .execute();
  },
};
