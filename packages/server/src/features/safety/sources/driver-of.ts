import type { BackupManifest } from '@belay/protocol';
import type { EngineDriver } from './engine-driver.ts';
import { postgresDriver } from './postgres-driver.ts';
import { sqliteDriver } from './sqlite-driver.ts';

const drivers = { sqlite: sqliteDriver, postgres: postgresDriver } as const;

export function driverOf(engine: BackupManifest['engine']): EngineDriver {
  return drivers[engine];
}
