import path from 'node:path';
import { BelayError } from '@belay/core';
import BetterSqlite from 'better-sqlite3';

/** Holds a data folder for one process. The operating system gives the lock back even after `kill -9`. */
export interface DataFolderLock {
  release(): void;
}

/** Locks a data folder; throws `server.data-in-use` while another process holds it. */
export function lockDataFolder(folder: string): DataFolderLock {
  // A file of its own: the control plane's own file must stay open to readers such as a backup.
  const lock = new BetterSqlite(path.join(folder, 'lock.db'), { timeout: 0 });
  try {
    lock.pragma('journal_mode = DELETE');
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if (!isBusy(error)) throw error;
    throw new BelayError('server.data-in-use', `Another Belay is running on ${folder}.`, {
      hint: 'Use that one, stop it first, or start this one with another folder (--data or BELAY_DATA).',
      cause: error,
    });
  }
  return {
    release() {
      lock.exec('ROLLBACK');
      lock.close();
    },
  };
}

function isBusy(error: unknown): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('SQLITE_BUSY')
  );
}
