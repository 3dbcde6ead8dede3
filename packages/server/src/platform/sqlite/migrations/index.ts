import type { Migration } from 'kysely/migration';
import { accessMigration } from './0001-access.ts';
import { flagsMigration } from './0002-flags.ts';
import { changesMigration } from './0003-changes.ts';
import { errorsMigration } from './0005-errors.ts';
import { storageMigration } from './0006-storage.ts';
import { signalsMigration } from './0004-signals.ts';
import { invariantsMigration } from './0010-invariants.ts';
import { checksMigration } from './0011-checks.ts';
import { ingestMigration } from './0008-ingest.ts';
import { safetyMigration } from './0009-safety.ts';

/** All migrations in order. Append only: a migration is never edited once it is merged. */
export const migrations: Readonly<Record<string, Migration>> = {
  '0001-access': accessMigration,
  '0002-flags': flagsMigration,
  '0003-changes': changesMigration,
  '0004-signals': signalsMigration,
  '0005-errors': errorsMigration,
  '0006-storage': storageMigration,
  '0008-ingest': ingestMigration,
  '0009-safety': safetyMigration,
  '0010-invariants': invariantsMigration,
  '0011-checks': checksMigration,
};
