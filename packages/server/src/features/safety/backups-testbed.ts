import { mkdirSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { defaultBackupRetention } from '@belay/core/backup';
import type { SafetyOperation } from '@belay/protocol';
import BetterSqlite from 'better-sqlite3';
import { createLog } from '../../platform/log/log.ts';
import { closeDatabase, type Database, openDatabase } from '../../platform/sqlite/database.ts';
import { openBackups } from './api.ts';
import type { BackupSettings, BackupSource } from './backup-settings.ts';
import type { Backups } from './backups.ts';

/** Backups of one small SQLite database at two folders, on real files. */
export interface BackupsTestbed {
  readonly folder: string;
  readonly live: BetterSqlite.Database;
  readonly livePath: string;
  readonly source: BackupSource;
  readonly clock: { now(): number; advance(ms: number): void };
  readonly backups: Backups;
  readonly db: Database;
  place(name: string): string;
  /** Backs up, waits, and answers how it ended. */
  backUp(drill?: boolean): Promise<SafetyOperation>;
  /** The same files and catalogue with a new process's memory. */
  reopen(changed?: Partial<BackupSettings>): Promise<Backups>;
  /** Forgets the catalogue: as after a loss of Belay itself. */
  forget(changed?: Partial<BackupSettings>): Promise<Backups>;
  close(): Promise<void>;
}

export async function openBackupsTestbed(changed: Partial<BackupSource> = {}): Promise<BackupsTestbed> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-backups-'));
  const place = (name: string): string => path.join(folder, name);
  for (const name of ['near', 'far']) mkdirSync(place(name));
  const livePath = place('bot.db');
  const live = new BetterSqlite(livePath);
  live.pragma('journal_mode = WAL');
  live.exec(
    'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT NOT NULL); CREATE TABLE notes (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id), text TEXT);',
  );
  const add = live.prepare('INSERT INTO notes (text) VALUES (?)');
  live.transaction(() => {
    for (let index = 0; index < 2000; index += 1) add.run(`note ${index}`.repeat(20));
  })();
  const source: BackupSource = {
    name: 'bot',
    database: { engine: 'sqlite', path: livePath },
    isOwn: false,
    schedule: null,
    destinations: ['near', 'far'],
    invariants: [],
    smoke: null,
    deadlineMs: 60_000,
    maxAgeMs: 26 * 3_600_000,
    autoRestore: { isEnabled: false, maxLossMs: 300_000 },
    ...changed,
  };
  const settings: BackupSettings = {
    sources: [source],
    destinations: ['near', 'far'].map((name) => ({
      name,
      config: { type: 'folder', path: place(name) },
      secrets: {},
      isDefault: false,
    })),
    timezone: null,
    jitterMs: 0,
    workFolder: place('work'),
    recipients: [],
    identityFile: null,
    retention: defaultBackupRetention,
  };
  let offset = 0;
  const clock = { now: () => Date.now() + offset, advance: (ms: number) => void (offset += ms) };
  const opened: { db: Database; backups: Backups }[] = [];
  const open = async (db: Database, changedSettings: Partial<BackupSettings>): Promise<Backups> => {
    const parts = { settings: { ...settings, ...changedSettings }, clock, log: createLog({ level: 'silent' }) };
    const backups = openBackups({ db, ...parts, receiptKey: null, version: '0.0.0' });
    await backups.recover();
    opened.push({ db, backups });
    return backups;
  };
  const first = await openDatabase({ path: ':memory:' });
  const bed: BackupsTestbed = {
    folder,
    live,
    livePath,
    source,
    clock,
    backups: await open(first, {}),
    db: first,
    place,
    async backUp(drill) {
      const started = await bed.backups.backup({ source: 'bot', ...(drill === undefined ? {} : { drill }) }, 'test');
      return bed.backups.operations.ended(started.id);
    },
    reopen: (changedSettings = {}) => open(first, changedSettings),
    forget: async (changedSettings = {}) => open(await openDatabase({ path: ':memory:' }), changedSettings),
    async close() {
      for (const { backups } of opened) await backups.close();
      for (const db of new Set(opened.map((one) => one.db))) await closeDatabase(db);
      live.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return bed;
}
