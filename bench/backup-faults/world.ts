// One small database, two places, and an independent judge: it decompresses what lies at a place and compares every row
// with the live database, without any of Belay's code.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { defaultBackupRetention } from '@belay/core/backup';
import type { FakeS3 } from '@belay/testkit';
import BetterSqlite from 'better-sqlite3';
import { openBackups } from '../../packages/server/src/features/safety/api.ts';
import { levelOf, isProven } from '../../packages/server/src/features/safety/catalogue/level-of.ts';
import { createLog } from '../../packages/server/src/platform/log/log.ts';
import { closeDatabase, openDatabase } from '../../packages/server/src/platform/sqlite/database.ts';

export type Backups = ReturnType<typeof openBackups>;
type Settings = Backups['context']['settings'];

export interface World {
  readonly folder: string;
  readonly live: string;
  readonly backups: Backups;
  readonly clock: { now(): number; advance(ms: number): void };
  close(): Promise<void>;
}

export interface WorldOptions {
  readonly folder: string;
  /** File of the catalogue; kept over restarts. */
  readonly catalogue: string;
  readonly s3?: FakeS3;
  readonly changed?: Partial<Settings>;
}

export async function openWorld({ folder, catalogue, s3, changed }: WorldOptions): Promise<World> {
  const place = (name: string): string => path.join(folder, name);
  for (const name of ['near', 'far'])
    if (!existsSync(place(`${name}-away`))) mkdirSync(place(name), { recursive: true });
  const live = place('bot.db');
  if (!existsSync(live)) makeDatabase(live, 400);
  let offset = 0;
  const clock = { now: () => Date.now() + offset, advance: (ms: number) => void (offset += ms) };
  const folderPlace = (name: string): Settings['destinations'][number] => ({
    name,
    config: { type: 'folder', path: place(name) },
    secrets: {},
    isDefault: false,
  });
  const bucket: Settings['destinations'] =
    s3 === undefined
      ? [folderPlace('far')]
      : [
          {
            name: 'far',
            config: { type: 's3', endpoint: s3.endpoint, bucket: 'backups', region: 'eu-1' },
            secrets: { AWS_ACCESS_KEY_ID: 'ALL', AWS_SECRET_ACCESS_KEY: 'secret' },
            isDefault: false,
          },
        ];
  const settings: Settings = {
    sources: [
      {
        name: 'bot',
        database: { engine: 'sqlite', path: live },
        isOwn: false,
        schedule: null,
        destinations: ['near', 'far'],
        invariants: [],
        smoke: null,
        deadlineMs: 60_000,
        maxAgeMs: 26 * 3_600_000,
        autoRestore: { isEnabled: false, maxLossMs: 300_000 },
      },
    ],
    destinations: [folderPlace('near'), ...bucket],
    timezone: null,
    jitterMs: 0,
    workFolder: place('work'),
    recipients: [],
    identityFile: null,
    retention: defaultBackupRetention,
    ...changed,
  };
  const db = await openDatabase({ path: catalogue });
  const parts = { settings, clock, log: createLog({ level: 'silent' }) };
  const backups = openBackups({ db, ...parts, receiptKey: null, version: '0.0.0' });
  await backups.recover();
  return {
    folder,
    live,
    backups,
    clock,
    async close() {
      await backups.close();
      await closeDatabase(db);
    },
  };
}

export function makeDatabase(file: string, rows: number): void {
  const db = new BetterSqlite(file);
  db.pragma('journal_mode = WAL');
  db.exec(
    'CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT); CREATE TABLE notes (id INTEGER PRIMARY KEY, user INTEGER REFERENCES users (id), text TEXT); CREATE INDEX by_text ON notes (text)',
  );
  db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
    INSERT INTO notes (text) SELECT hex(randomblob(60)) FROM n`);
  db.close();
}

/** Hash of every row, read through SQL. */
export function contentOf(file: string): string {
  const db = new BetterSqlite(file, { readonly: true });
  try {
    const hash = createHash('sha256');
    for (const table of ['users', 'notes'])
      for (const row of db.prepare(`SELECT * FROM ${table} ORDER BY id`).raw().iterate())
        hash.update(JSON.stringify(row));
    if (db.pragma('integrity_check', { simple: true }) !== 'ok') return 'damaged';
    return hash.digest('hex');
  } finally {
    db.close();
  }
}

export interface Claim {
  readonly backup: string;
  readonly isProven: boolean;
  readonly copies: readonly { readonly destination: string; readonly isVerified: boolean; readonly isTrue: boolean }[];
}

/** What Belay says of each backup, beside what is true of each copy that it calls verified. */
export async function claims(
  world: World,
  wanted: string,
  { s3, open }: { s3?: FakeS3 | undefined; open?: (bytes: Buffer) => Promise<Buffer> } = {},
): Promise<Claim[]> {
  const entries = await world.backups.context.catalogue.entries();
  const found: Claim[] = [];
  for (const entry of entries) {
    const copies = [];
    for (const { destination, state } of entry.copies) {
      const bytes = bytesAt(world, destination, entry.manifest.artefact.object, s3);
      const isTrue =
        bytes !== null &&
        (await isRestorable(
          world,
          open === undefined ? bytes : await open(bytes).catch(() => Buffer.alloc(0)),
          wanted,
        ));
      copies.push({ destination, isVerified: state === 'verified', isTrue });
    }
    found.push({ backup: entry.manifest.id, isProven: isProven(levelOf(entry)), copies });
  }
  return found;
}

function bytesAt(world: World, destination: string, object: string, s3: FakeS3 | undefined): Buffer | null {
  if (destination === 'far' && s3 !== undefined) return s3.objects.get(object)?.body ?? null;
  const file = path.join(world.folder, destination, object);
  return existsSync(file) ? readFileSync(file) : null;
}

async function isRestorable(world: World, artefact: Buffer, wanted: string): Promise<boolean> {
  const file = path.join(world.folder, 'judged.db');
  try {
    writeFileSync(file, zstdDecompressSync(artefact));
    return contentOf(file) === wanted;
  } catch {
    return false;
  } finally {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${file}${ending}`, { force: true });
  }
}
