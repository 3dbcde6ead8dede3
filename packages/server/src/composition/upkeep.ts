import path from 'node:path';
import { createStorage, type Storage } from '../features/storage/api.ts';
import type { Database } from '../platform/sqlite/database.ts';
import type { Composing } from './composing.ts';
import type { Telemetry } from './telemetry.ts';

/** Keeps the telemetry that has grown old small. */
export function createUpkeep({ loaded, log, opened, clock }: Composing, db: Database, watched: Telemetry): Storage {
  const { server, telemetry } = loaded.config;
  const storage = createStorage({
    db,
    engine: watched.engine,
    telemetry: watched.telemetry,
    policy: telemetry.retention,
    clock,
    log,
    drops: watched.drops.list,
    folder: path.join(server.dataDir, 'telemetry'),
  });
  opened.add(() => storage.close());
  storage.start();
  return storage;
}
