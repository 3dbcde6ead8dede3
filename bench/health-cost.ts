// What a cycle of health checks costs a process, and how long a start takes: SQLite, PostgreSQL where it is there, disk,
// files, settings and runtime together. The goal is at most 50 ms of CPU a cycle and 2 s for a start. `--quick`: 20 cycles.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  diskCheck,
  openFilesCheck,
  openHealth,
  postgresChecks,
  runtimeChecks,
  settingCheck,
  sqliteChecks,
  writableCheck,
} from '@belay/node/health';
import Database from 'better-sqlite3';
import pg from 'pg';

const cycles = process.argv.includes('--quick') ? 20 : 200;
const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-health-'));
const db = new Database(path.join(folder, 'shop.db'));
db.pragma('journal_mode = WAL');
db.pragma('foreign_keys = ON');
const tables = Array.from({ length: 40 }, (_, index) => `table_${index}`);
for (const table of tables) db.exec(`CREATE TABLE ${table} (id INTEGER PRIMARY KEY, name TEXT, at INTEGER)`);
const pool = new pg.Pool({ host: '127.0.0.1', user: 'postgres', database: 'test', max: 4 });
pool.on('error', () => undefined);
const hasPostgres = await pool.query('SELECT 1').then(
  () => true,
  () => false,
);
process.env['SHOP_SECRET'] = 'a-random-secret-of-the-bench';
const runtime = runtimeChecks();
const health = openHealth({
  service: 'shop',
  url: '',
  checks: [
    ...sqliteChecks(db, { tables: Object.fromEntries(tables.map((table) => [table, ['id', 'name', 'at']])) }, 'sqlite'),
    ...(hasPostgres ? postgresChecks(pool) : []),
    ...runtime.checks,
    diskCheck(folder),
    writableCheck(folder),
    openFilesCheck(),
    settingCheck('SHOP_SECRET', { secret: true }),
  ],
});
const report = await health.startup();
const samples: number[] = [];
for (let cycle = 0; cycle < cycles; cycle += 1) {
  const before = process.cpuUsage();
  await health.run('all');
  const { user, system } = process.cpuUsage(before);
  samples.push((user + system) / 1000);
}
samples.sort((a, b) => a - b);
const at = (share: number): number =>
  Number((samples[Math.min(samples.length - 1, Math.floor(share * samples.length))] ?? 0).toFixed(2));
const document = {
  name: 'health-cost',
  date: new Date().toISOString(),
  machine: { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version },
  checks: report.checks.length,
  withPostgres: hasPostgres,
  cycles,
  startMs: Number(report.durationMs.toFixed(1)),
  cpuMsPerCycle: { p50: at(0.5), p95: at(0.95), max: at(1) },
};
console.log(document);
mkdirSync(path.join(import.meta.dirname, 'results'), { recursive: true });
writeFileSync(path.join(import.meta.dirname, 'results/health-cost.json'), `${JSON.stringify(document, null, 2)}\n`);
await health.close();
runtime.stop();
await pool.end();
db.close();
rmSync(folder, { recursive: true, force: true });
process.exitCode = document.cpuMsPerCycle.p95 <= 50 && document.startMs <= 2000 ? 0 : 1;
