import { BelayError } from '@belay/core';
import type { Kysely } from 'kysely';
import { Migrator } from 'kysely/migration';
import { migrations } from './migrations/index.ts';

interface MigrateOptions {
  readonly log?: { info(facts: Record<string, unknown>, message: string): void } | undefined;
  /** Called when a database that already holds data is about to be changed. */
  readonly beforeMigrating?: () => Promise<void> | undefined;
}

/** Brings the schema up to date: forward only, each migration once, all of a start in one transaction. */
export async function migrate<T>(db: Kysely<T>, options: MigrateOptions = {}): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...migrations }) } });
  const known = await migrator.getMigrations();
  const pending = known.filter((migration) => migration.executedAt === undefined);
  if (pending.length === 0) return;
  if (pending.length < known.length) await options.beforeMigrating?.();
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) {
    throw new BelayError('server.failed', `The database could not be migrated: ${describe(error)}`, {
      hint: 'Nothing was changed. If a newer Belay wrote this data, start that version; otherwise report this message.',
      cause: error,
    });
  }
  options.log?.info({ migrations: pending.map((migration) => migration.name) }, 'database migrated');
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
