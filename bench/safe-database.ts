import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { openSafePostgres, openSafeSqlite } from '@belay/node/database';
import type { Pool as PgPool } from 'pg';
import { publish } from './statistics/report.ts';

/**
 * What safe writes cost and whether they hold. Cost: CPU us of one insert into better-sqlite3 (WAL, synchronous NORMAL),
 * bare, in a transaction, and safe at each level, in turns within one run; medians of rounds and of the paired ratios.
 * Holding: trials in which the process is killed with SIGKILL around COMMIT (SQLite, synchronous FULL), and in which the
 * connection is cut before or after COMMIT is done (PostgreSQL on 127.0.0.1); a trial is wrong when a write happened twice
 * or not at all. `--quick` for a look.
 */
const sdk = createRequire(new URL('../packages/sdk/package.json', import.meta.url));
const Database = sdk('better-sqlite3') as typeof import('better-sqlite3');
const { Pool } = sdk('pg') as { Pool: new (settings: object) => PgPool };
const { values } = parseArgs({ options: { quick: { type: 'boolean', default: false } } });
const rounds = values.quick ? 7 : 41;
const perRound = values.quick ? 1000 : 3000;
const kills = values.quick ? 20 : 500;
const cuts = values.quick ? 20 : 500;
const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-safe-bench-'));
const testbed = path.join(import.meta.dirname, '../packages/sdk/src/database');
const SERVER = { host: '127.0.0.1', port: 5432, user: 'postgres', database: 'test' };

try {
  const rows = [...cost(), await killTrials(), ...(await cutTrials())];
  publish({ name: 'safe-database', seed: 0, replications: rounds, rows });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
process.exit(0);

function cost(): readonly Record<string, string | number>[] {
  const row = (n: number): { name: string; price: number; at: number; note: string } => ({
    name: `item ${n}`,
    price: n * 0.25,
    at: 1_764_000_000_000 + n,
    note: 'x'.repeat(100),
  });
  const openRaw = (name: string): import('better-sqlite3').Database => {
    const raw = new Database(path.join(folder, `${name}.db`));
    raw.pragma('journal_mode = WAL');
    raw.pragma('synchronous = NORMAL');
    raw.exec('CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT, price REAL, at INTEGER, note TEXT)');
    return raw;
  };
  const sql = 'INSERT INTO items (name, price, at, note) VALUES (?, ?, ?, ?)';
  const bare = openRaw('bare').prepare(sql);
  const withTransaction = openRaw('transaction');
  const inTransaction = withTransaction.prepare(sql);
  const transaction = withTransaction.transaction((r: ReturnType<typeof row>) =>
    inTransaction.run(r.name, r.price, r.at, r.note),
  );
  const safe = (name: string, verify: 'off' | 'changes' | 'row'): ((r: ReturnType<typeof row>) => unknown) => {
    const db = openSafeSqlite(openRaw(name), { report: false, verify, mode: 'production' });
    return (r) => db.writeSync('add', (tx) => tx.insert('items', r));
  };
  const candidates: readonly (readonly [string, (r: ReturnType<typeof row>) => unknown])[] = [
    ['bare insert', (r) => bare.run(r.name, r.price, r.at, r.note)],
    ['insert in a transaction', (r) => transaction.immediate(r)],
    ['safe, verify off', safe('off', 'off')],
    ['safe, verify changes', safe('changes', 'changes')],
    ['safe, verify row (default)', safe('row', 'row')],
  ];
  const times = candidates.map((): number[] => []);
  for (let round = -2; round < rounds; round += 1) {
    for (const [index, [, write]] of candidates.entries()) {
      const before = process.cpuUsage();
      for (let n = 0; n < perRound; n += 1) write(row(n));
      const { user, system } = process.cpuUsage(before);
      if (round >= 0) times[index]?.push((user + system) / perRound);
    }
  }
  const statement = instrumentation();
  return [
    ...candidates.map(([candidate], index) => ({
      measure: 'cost of an insert',
      candidate,
      medianCpuUs: round2(median(times[index] ?? [])),
      timesBare: round2(median((times[index] ?? []).map((us, round) => us / (times[0]?.[round] ?? us)))),
    })),
    { measure: 'instrumentation', candidate: 'one query', medianCpuUs: round2(statement) },
  ];
}

/** The same read of a prepared statement, bare and within an operation; the difference, in us. */
function instrumentation(): number {
  const raw = new Database(':memory:');
  raw.exec("CREATE TABLE items (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO items VALUES (1, 'a')");
  const sql = 'SELECT name FROM items WHERE id = ?';
  const statement = raw.prepare(sql);
  const db = openSafeSqlite(raw, { report: false, mode: 'production', budgetMode: 'off' });
  const differences: number[] = [];
  for (let round = -3; round < rounds; round += 1) {
    const one = process.cpuUsage();
    for (let n = 0; n < 20_000; n += 1) statement.get([1]);
    const bare = process.cpuUsage(one);
    const other = process.cpuUsage();
    db.read('look', (tx) => {
      for (let n = 0; n < 20_000; n += 1) tx.get(sql, [1]);
    });
    const watched = process.cpuUsage(other);
    if (round >= 0) differences.push((watched.user + watched.system - bare.user - bare.system) / 20_000);
  }
  return median(differences);
}

async function killTrials(): Promise<Record<string, string | number>> {
  const file = path.join(folder, 'killed.db');
  const raw = new Database(file);
  raw.pragma('journal_mode = WAL');
  raw.exec('CREATE TABLE counters (id INTEGER PRIMARY KEY, n INTEGER); INSERT INTO counters VALUES (1, 0)');
  const run = (...args: string[]): ReturnType<typeof fork> =>
    fork(path.join(testbed, 'crash-test-counter.ts'), ['sqlite-keys', file, ...args]);
  let key = 0;
  let betweenSendAndCommit = 0;
  for (let trial = 0; trial < kills; trial += 1) {
    // Every other process dies by its own hand after COMMIT and before it tells anybody.
    const killAfter = trial % 2 === 0 ? [] : ['Infinity', String(key + 1)];
    const child = run(String(key), ...killAfter);
    const killAt = key + 1 + (trial % 5);
    child.on('message', (message) => {
      const [kind, at] = message as [string, number];
      if (kind === 'done') key = at + 1;
      if (kind !== 'commit' || at !== killAt || killAfter.length > 0) return;
      // Spread over the few milliseconds that COMMIT with fsync takes.
      void delay((trial % 7) * 0.5).then(() => child.kill('SIGKILL'));
    });
    await once(child, 'exit');
    const done = raw.prepare('SELECT count(*) AS n FROM belay_operations').get() as { n: number };
    if (done.n > key) betweenSendAndCommit += 1;
  }
  await once(run(String(key), String(key + 1)), 'exit');
  const { n } = raw.prepare('SELECT n FROM counters').get() as { n: number };
  const stored = raw.prepare('SELECT count(*) AS n FROM belay_operations').get() as { n: number };
  return {
    measure: 'exactly once',
    candidate: 'SQLite, kill -9 around COMMIT',
    trials: kills,
    committedUnacknowledged: betweenSendAndCommit,
    writesAsked: key + 1,
    writesStored: n,
    wrong: Math.abs(n - stored.n) + Math.abs(n - (key + 1)),
  };
}

async function cutTrials(): Promise<readonly Record<string, string | number>[]> {
  const { startCommitCutter } = (await import(
    path.join(testbed, 'commit-cutter-testbed.ts')
  )) as typeof import('../packages/sdk/src/database/commit-cutter-testbed.ts');
  const cutter = await startCommitCutter();
  const schema = `belay_safe_bench_${process.pid}`;
  const admin = new Pool({ ...SERVER, max: 1 });
  await admin.query(`CREATE SCHEMA ${schema}`);
  const settings = { ...SERVER, options: `-c search_path=${schema}`, max: 4 };
  const pool = new Pool({ ...settings, port: cutter.port });
  const direct = new Pool({ ...settings, max: 8 });
  try {
    await direct.query('CREATE TABLE counters (id INT PRIMARY KEY, n BIGINT NOT NULL)');
    await direct.query('INSERT INTO counters VALUES (1, 0)');
    const db = openSafePostgres(pool, { report: false });
    const increment: Parameters<typeof db.write<void>>[1] = async (tx) => {
      const { rows } = await tx.query('SELECT n FROM counters WHERE id = 1');
      await tx.update('counters', { id: 1 }, { n: Number(rows[0]?.['n']) + 1 });
    };
    const count = async (): Promise<number> =>
      Number((await direct.query<{ n: string }>('SELECT n FROM counters')).rows[0]?.n);
    let wrong = 0;
    for (let trial = 0; trial < cuts; trial += 1) {
      cutter.cutNext(trial % 2 === 0 ? 'before' : 'after');
      await db.write('count', increment);
      if ((await count()) !== trial + 1) wrong += 1;
    }
    await direct.query('UPDATE counters SET n = 0');
    const clients = Array.from({ length: 8 }, () =>
      openSafePostgres(direct, { report: false, retryForMs: 60_000, maxAttempts: 1000 }),
    );
    const each = values.quick ? 25 : 100;
    await Promise.all(
      clients.map(async (client) => {
        for (let n = 0; n < each; n += 1) await client.write('count', increment);
      }),
    );
    const stored = await count();
    const retries = clients
      .flatMap((client) => client.operations())
      .reduce((sum, operation) => sum + operation.retries, 0);
    return [
      { measure: 'exactly once', candidate: 'PostgreSQL, cut at COMMIT', trials: cuts, cuts: cutter.cuts(), wrong },
      {
        measure: 'lost updates',
        candidate: 'PostgreSQL, 8 clients',
        writesAsked: 8 * each,
        writesStored: stored,
        retries,
        wrong: 8 * each - stored,
      },
    ];
  } finally {
    await pool.end();
    await direct.end();
    await admin.query(`DROP SCHEMA ${schema} CASCADE`);
    await admin.end();
    await cutter.close();
  }
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}
