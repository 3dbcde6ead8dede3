import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { closeDatabase, openDatabase } from '../platform/sqlite/database.ts';
import type { Database } from '../platform/sqlite/database.ts';
import { lockDataFolder } from '../platform/sqlite/lock-data-folder.ts';
import type { Composing } from './composing.ts';

/** Data folder, its lock, and the control plane's database with a copy before it is migrated. */
export async function openStorage({ loaded, log, opened, clock }: Composing): Promise<Database> {
  const { dataDir } = loaded.config.server;
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDataFolder(dataDir);
  opened.add(async () => lock.release());
  const db = await openDatabase({
    path: path.join(dataDir, 'belay.db'),
    log,
    beforeMigrating: async (backup) => {
      const folder = path.join(dataDir, 'backups');
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      await backup(path.join(folder, `before-migration-${clock.now()}.db`));
    },
  });
  opened.add(() => closeDatabase(db));
  return db;
}
