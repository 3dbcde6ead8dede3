// Restores in place of a live database, again and again, while other processes write to it: SQLite by the backup API in
// reverse with two writer processes, PostgreSQL by rename swap under two writers. Each result is counted and
// checked. The peers in the same run: the file copied over the live one, as most scripts do.
// `npm run bench -- restore [--restores 100] [--quick]`
import { type ChildProcess, fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import BetterSqlite from 'better-sqlite3';
import pg from 'pg';
import { replaceSqlite } from '../packages/server/src/features/safety/restore/replace-sqlite.ts';
import { restorePostgres, swapPostgres } from '../packages/server/src/features/safety/restore/restore-postgres.ts';

const { values } = parseArgs({
  options: { restores: { type: 'string', default: '100' }, quick: { type: 'boolean', default: false } },
});
const total = values.quick ? 10 : Number(values.restores);
const inPostgres = Math.max(1, Math.round(total / 10));
const inSqlite = total - inPostgres;
const ROWS = 20_000;
const SOCKET = '/var/run/postgresql';
const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-bench-restore-'));
const children: ChildProcess[] = [];

try {
  const sqlite = await measureSqlite(inSqlite);
  const postgres = existsSync(`${SOCKET}/.s.PGSQL.5432`) ? await measurePostgres(inPostgres) : 'no PostgreSQL here';
  const report = {
    name: 'restore',
    date: new Date().toISOString(),
    machine: { cpu: os.cpus()[0]?.model ?? 'unknown', cores: os.cpus().length, node: process.version },
    goal: 'every restore under live writers intact: integrity, counts, writers go on',
    sqlite,
    postgres,
    peer: await measureFileCopy(Math.min(20, inSqlite)),
  };
  mkdirSync(path.join(import.meta.dirname, 'results'), { recursive: true });
  if (!values.quick)
    writeFileSync(path.join(import.meta.dirname, 'results', 'restore.json'), `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  const isIntact =
    sqlite.intact === sqlite.restores && (typeof postgres === 'string' || postgres.intact === postgres.restores);
  process.exitCode = isIntact ? 0 : 1;
} finally {
  for (const child of children) child.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
}

function makeDatabase(file: string, rows: number, mode: string): void {
  const db = new BetterSqlite(file);
  db.pragma(`journal_mode = ${mode}`);
  db.exec(
    'CREATE TABLE kept (id INTEGER PRIMARY KEY, note TEXT); CREATE INDEX by_note ON kept (note); CREATE TABLE live (id INTEGER PRIMARY KEY, at INTEGER, note TEXT)',
  );
  db.exec(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows}) INSERT INTO kept (note) SELECT hex(randomblob(40)) FROM n`,
  );
  db.close();
}

async function startWriters(file: string) {
  const told = new Map<ChildProcess, { acknowledged: number; failed: number; slowestMs: number }>();
  for (let writer = 0; writer < 2; writer += 1) {
    const child = fork(path.join(import.meta.dirname, 'restore', 'writer.ts'), [file, '100'], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    children.push(child);
    child.on('message', (message) =>
      told.set(child, message as { acknowledged: number; failed: number; slowestMs: number }),
    );
    await once(child, 'message');
  }
  return {
    totals: () => [...told.values()],
    async heartbeat() {
      for (const child of told.keys()) await once(child, 'message');
    },
    async stop() {
      for (const child of told.keys()) {
        child.kill('SIGKILL');
        await once(child, 'exit');
      }
    },
  };
}

async function measureSqlite(restores: number) {
  const [live, copy] = [path.join(folder, 'live.db'), path.join(folder, 'copy.db')];
  makeDatabase(live, 500, 'WAL');
  makeDatabase(copy, ROWS, 'DELETE');
  const writers = await startWriters(live);
  const faults: string[] = [];
  const times: number[] = [];
  for (let turn = 0; turn < restores; turn += 1) {
    // What must be gone afterwards: a row that the backup does not have.
    const marker = new BetterSqlite(live, { timeout: 30_000 });
    marker.prepare('INSERT INTO kept (note) VALUES (?)').run(`turn ${turn}`);
    marker.close();
    const keep = path.join(folder, `keep-${turn}`);
    const started = performance.now();
    const { kept } = await replaceSqlite({ copy, live, keep, busyMs: 30_000 });
    times.push(performance.now() - started);
    faults.push(...check(live, ROWS, `turn ${turn}`), ...check(kept ?? '', null, `kept of turn ${turn}`));
    rmSync(keep, { recursive: true });
    // Both writers have written since, so they go on after the swap under their feet.
    await writers.heartbeat();
  }
  const totals = writers.totals();
  await writers.stop();
  faults.push(...check(live, ROWS, 'the end'));
  return {
    restores,
    intact: restores - new Set(faults.map((fault) => fault.split(':')[0])).size,
    faults: faults.slice(0, 10),
    p50Ms: percentile(times, 0.5),
    maxMs: percentile(times, 1),
    writers: totals,
  };
}

function check(file: string, rows: number | null, turn: string): string[] {
  try {
    const db = new BetterSqlite(file, { readonly: true, timeout: 30_000 });
    try {
      const found: string[] = [];
      const integrity = db.pragma('integrity_check', { simple: true });
      if (integrity !== 'ok') found.push(`${turn}: ${String(integrity)}`);
      const count = Number(db.prepare('SELECT count(*) FROM kept').pluck().get());
      if (rows !== null && count !== rows) found.push(`${turn}: ${count} rows, not ${rows}`);
      return found;
    } finally {
      db.close();
    }
  } catch (error) {
    return [`${turn}: ${String(error)}`];
  }
}

/** What most scripts do: copy the backup over the file while a service has it open. */
async function measureFileCopy(restores: number) {
  const [live, copy] = [path.join(folder, 'peer.db'), path.join(folder, 'peer-copy.db')];
  makeDatabase(copy, ROWS, 'DELETE');
  let intact = 0;
  for (let turn = 0; turn < restores; turn += 1) {
    for (const ending of ['', '-wal', '-shm']) rmSync(`${live}${ending}`, { force: true });
    makeDatabase(live, 500, 'WAL');
    const writers = await startWriters(live).catch(() => null);
    copyFileSync(copy, live);
    await writers?.heartbeat();
    await writers?.stop();
    if (check(live, ROWS, 'peer').length === 0) intact += 1;
  }
  return { what: 'cp over the live file under the same writers', restores, intact };
}

async function measurePostgres(restores: number) {
  const name = `belay_bench_restore_${process.pid}`;
  const place = { url: `postgres:///${name}?host=${SOCKET}&user=postgres`, bin: null };
  const dump = path.join(folder, 'dump');
  const ask = async (database: string, sql: string): Promise<pg.QueryResultRow[]> => {
    const client = new pg.Client({ host: SOCKET, user: 'postgres', database });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query(sql)).rows;
    } finally {
      await client.end();
    }
  };
  await ask('postgres', `CREATE DATABASE ${name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'`);
  try {
    await ask(
      name,
      `CREATE TABLE kept AS SELECT n AS id, md5(n::text) AS note FROM generate_series(1, ${ROWS}) AS n; CREATE INDEX ON kept (note); CREATE TABLE live (id serial PRIMARY KEY, note text)`,
    );
    const dumped = spawnSync('pg_dump', ['-h', SOCKET, '-U', 'postgres', '-Fc', '-Z0', '-f', dump, name]);
    if (dumped.status !== 0) throw new Error(dumped.stderr.toString());
    const stop = new AbortController();
    const told = { acknowledged: 0, reconnects: 0 };
    const writers = [1, 2].map(() => writeAgain(name, stop.signal, told));
    const faults: string[] = [];
    const times: number[] = [];
    for (let turn = 0; turn < restores; turn += 1) {
      await ask(name, `INSERT INTO kept VALUES (0, 'turn ${turn}')`);
      const started = performance.now();
      const job = {
        place,
        dump,
        database: `${name}_new`,
        encoding: 'UTF8',
        collate: 'C',
        ctype: 'C',
        deadlineMs: 60_000,
      };
      await restorePostgres(job);
      const { kept } = await swapPostgres({ place, restored: `${name}_new`, now: turn + 1, busyMs: 30_000 });
      times.push(performance.now() - started);
      const [row] = await ask(
        name,
        'SELECT (SELECT count(*) FROM kept)::int AS rows, (SELECT count(*) FROM live)::int AS live',
      );
      if (row?.['rows'] !== ROWS) faults.push(`turn ${turn}: ${row?.['rows']} rows`);
      const before = told.acknowledged;
      for (const deadline = Date.now() + 20_000; told.acknowledged <= before;) {
        if (Date.now() > deadline) faults.push(`turn ${turn}: the writers did not go on`);
        if (Date.now() > deadline) break;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await ask('postgres', `DROP DATABASE "${kept}" WITH (FORCE)`);
    }
    stop.abort();
    await Promise.all(writers);
    return {
      restores,
      intact: restores - faults.length,
      faults: faults.slice(0, 10),
      p50Ms: percentile(times, 0.5),
      maxMs: percentile(times, 1),
      writers: told,
    };
  } finally {
    for (const { datname } of await ask('postgres', `SELECT datname FROM pg_database WHERE datname LIKE '${name}%'`))
      await ask('postgres', `DROP DATABASE "${datname}" WITH (FORCE)`);
  }
}

async function writeAgain(
  database: string,
  stop: AbortSignal,
  told: { acknowledged: number; reconnects: number },
): Promise<void> {
  while (!stop.aborted) {
    const client = new pg.Client({ host: SOCKET, user: 'postgres', database });
    client.on('error', () => undefined);
    try {
      await client.connect();
      while (!stop.aborted) {
        await client.query("INSERT INTO live (note) VALUES ('written while others restore')");
        told.acknowledged += 1;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    } catch {
      told.reconnects += 1;
      await new Promise((resolve) => setTimeout(resolve, 50));
    } finally {
      await client.end().catch(() => undefined);
    }
  }
}

function percentile(times: readonly number[], share: number): number {
  const sorted = times.toSorted((a, b) => a - b);
  return Math.round(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN);
}
