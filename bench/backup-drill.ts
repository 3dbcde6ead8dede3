// The whole cycle of a backup to level L3 on a database in use: `belay backup now --drill` on 1 GB of SQLite under 200 writes a
// second, and on PostgreSQL under pgbench. `--quick` takes 100 MB. Goals: at most 60 s, 0 restarts, writer p99 at most 25 ms.
import { execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import BetterSqlite from 'better-sqlite3';

const WRITES_PER_SECOND = 200;
const ROW_BYTES = 1000;
const isQuick = process.argv.includes('--quick');
const megabytes = isQuick ? 100 : 1000;
const belay = path.resolve(import.meta.dirname, '../packages/cli/bin/belay.js');

if (process.argv[2] === 'writer') writeForEver(process.argv[3] ?? '');
else await main();

async function main(): Promise<void> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-bench-backup-'));
  try {
    mkdirSync(path.join(folder, 'kept'));
    const sqlite = await measureSqlite(folder);
    const postgres = existsSync('/usr/lib/postgresql') ? measurePostgres(folder) : null;
    const result = {
      at: new Date().toISOString(),
      machine: { cpus: os.cpus().length, model: os.cpus()[0]?.model, loadBefore: os.loadavg()[0] },
      megabytes,
      sqlite,
      postgres,
    };
    console.log(JSON.stringify(result, null, 2));
    if (!isQuick)
      writeFileSync(
        path.join(import.meta.dirname, 'results/backup-drill.json'),
        `${JSON.stringify(result, null, 2)}\n`,
      );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measureSqlite(folder: string) {
  const file = path.join(folder, 'live.db');
  fill(file);
  const writer = fork(import.meta.filename, ['writer', file], { execArgv: process.execArgv });
  await new Promise((resolve) => writer.once('message', resolve));
  const cycle = backUp(folder, `{ type: sqlite, path: ${file} }`);
  const latencies = new Promise<number[]>((resolve) => writer.once('message', (value) => resolve(value as number[])));
  writer.send('stop');
  const sorted = (await latencies).sort((a, b) => a - b);
  const quantile = (share: number): number => Number((sorted[Math.floor(sorted.length * share)] ?? 0).toFixed(2));
  return {
    ...cycle,
    writes: sorted.length,
    writerMs: { p50: quantile(0.5), p99: quantile(0.99), worst: sorted.at(-1) },
  };
}

function fill(file: string): void {
  const db = new BetterSqlite(file);
  db.pragma('journal_mode = WAL');
  db.exec('CREATE TABLE notes (id INTEGER PRIMARY KEY, at INTEGER, text TEXT); CREATE INDEX notes_at ON notes (at)');
  const add = db.prepare('INSERT INTO notes (at, text) VALUES (?, ?)');
  const words = Array.from({ length: 997 }, (_, index) => ((index * 7919) % 99_991).toString(36));
  const rows = (megabytes * 1e6) / ROW_BYTES;
  const batch = db.transaction((from: number, to: number) => {
    for (let index = from; index < to; index += 1) {
      let text = '';
      while (text.length < ROW_BYTES - 40) text += `${words[(index * 31 + text.length) % words.length]} `;
      add.run(index, text);
    }
  });
  for (let from = 0; from < rows; from += 10_000) batch(from, Math.min(rows, from + 10_000));
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
}

/** The live service: one insert each 5 ms, its time measured. */
function writeForEver(file: string): void {
  const db = new BetterSqlite(file, { timeout: 10_000 });
  db.pragma('synchronous = NORMAL');
  const add = db.prepare('INSERT INTO notes (at, text) VALUES (?, ?)');
  const took: number[] = [];
  const timer = setInterval(() => {
    const started = performance.now();
    add.run(Date.now(), 'written while it is copied');
    took.push(performance.now() - started);
  }, 1000 / WRITES_PER_SECOND);
  process.on('message', () => {
    clearInterval(timer);
    process.send?.(took, () => process.exit(0));
  });
  process.send?.('ready');
}

/** One run of the command, as a person would type it. */
function backUp(folder: string, source: string) {
  const config = path.join(folder, 'belay.yaml');
  writeFileSync(
    config,
    `backups:\n  own_store: false\n  deadline: 10m\n  sources: { live: ${source} }\n  destinations: { kept: { type: folder, path: ${folder}/kept } }\n`,
  );
  const started = performance.now();
  const said = execFileSync(process.execPath, [belay, 'backup', 'now', 'live', '--drill', '--offline', '--json'], {
    cwd: folder,
    encoding: 'utf8',
  });
  const seconds = Number(((performance.now() - started) / 1000).toFixed(1));
  const operation = JSON.parse(said) as {
    result: string;
    steps: { name: string; ms: number; detail: string | null }[];
  };
  return {
    seconds,
    result: operation.result,
    steps: operation.steps.map(({ name, ms, detail }) => ({ name, ms, detail })),
  };
}

function measurePostgres(folder: string) {
  const database = `belay_bench_${process.pid}`;
  const psql = (sql: string): void => void execFileSync('psql', ['-qd', 'postgres', '-c', sql], { stdio: 'ignore' });
  psql(`CREATE DATABASE ${database}`);
  try {
    // A scale of 1 is about 15 MB.
    execFileSync('pgbench', ['-iqs', String(Math.round((megabytes * 0.8) / 15)), database], { stdio: 'ignore' });
    const load = spawn('pgbench', ['-c', '2', '-R', '100', '-T', '600', database], { stdio: 'ignore' });
    try {
      return backUp(
        folder,
        `{ type: postgres, url: "postgres://${os.userInfo().username}@localhost/${database}?host=/var/run/postgresql" }`,
      );
    } finally {
      load.kill('SIGTERM');
    }
  } finally {
    psql(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  }
}
