import type { BackupManifest } from '@belay/protocol';
import { BelayError } from '@belay/core';
import type { EngineDriver } from './engine-driver.ts';
import { sqliteDriver } from './sqlite-driver.ts';

export function driverOf(engine: BackupManifest['engine']): EngineDriver {
  if (engine === 'sqlite') return sqliteDriver;
  throw new BelayError('backup.failed', `Databases of kind ${engine} are not known.`);
}
