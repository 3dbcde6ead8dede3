import { existsSync } from 'node:fs';
import pg from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BackupsTestbed, openBackupsTestbed } from '../backups-testbed.ts';
import { levelOf } from '../catalogue/level-of.ts';

// A PostgreSQL server with its programs: `node scripts/set-up.js` installs it where apt-get is.
const there = existsSync('/usr/lib/postgresql') && (await canConnect());
const name = `belay_backup_${process.pid}`;
const url = `postgres://root@localhost/${name}?host=/var/run/postgresql`;
let bed: BackupsTestbed;

beforeAll(async () => {
  if (!there) return;
  await admin(`CREATE DATABASE ${name}`);
  await admin(
    `CREATE TABLE orders (id int PRIMARY KEY, total numeric NOT NULL);
     INSERT INTO orders SELECT n, n * 1.5 FROM generate_series(1, 5000) n;
     CREATE INDEX ON orders (total); CREATE VIEW dear AS SELECT * FROM orders WHERE total > 7000`,
    name,
  );
  bed = await openBackupsTestbed({
    database: { engine: 'postgres', url, bin: null },
    invariants: [{ name: 'orders have a total', sql: 'SELECT id FROM orders WHERE total <= 0', min: null, max: null }],
    smoke: ['/bin/sh', '-c', 'test -n "$BELAY_COPY"'],
  });
});
afterAll(async () => {
  if (!there) return;
  await bed.close();
  const made = await admin(`SELECT quote_ident(datname) AS name FROM pg_database WHERE datname LIKE '${name}%'`);
  for (const { name: database } of made as { name: string }[]) await admin(`DROP DATABASE ${database} WITH (FORCE)`);
});

test.skipIf(!there)('PostgreSQL is dumped from a snapshot, restored into a scratch server and counted', async () => {
  const ended = await bed.backUp(true);
  expect(ended).toMatchObject({ state: 'done', failure: null });
  const [entry] = await bed.backups.context.catalogue.entries();
  expect(entry?.manifest).toMatchObject({
    engine: 'postgres',
    tables: [{ name: 'public.orders', rows: 5000 }],
    snapshot: { database: name },
  });
  expect(entry?.receipts.at(-1)).toMatchObject({ level: 'L4', outcome: 'passed', proven: 'L4', error: null });
  expect(entry === undefined ? null : levelOf(entry)).toBe('L4');
  const request = { mode: 'copy' as const, target: `${name}_copy` };
  const restore = await bed.backups.restore(entry?.manifest.id ?? '', request, 'test');
  expect(await bed.backups.operations.ended(restore.id)).toMatchObject({ state: 'done' });
  expect(await admin('SELECT count(*)::int AS rows FROM orders', `${name}_copy`)).toEqual([{ rows: 5000 }]);
});

test.skipIf(!there)(
  'a database that is not there fails, although a pipe of pg_dump would have ended well',
  async () => {
    const { source, backups } = bed;
    const other = {
      ...source,
      database: { ...source.database, url: url.replace(name, 'no_such_database') },
    } as typeof source;
    const anew = await bed.reopen({ sources: [other] });
    const started = await anew.backup({ source: 'bot' }, 'test');
    expect(await anew.operations.ended(started.id)).toMatchObject({ failure: { code: 'backup.source-unavailable' } });
    expect(await backups.context.catalogue.entries()).toHaveLength(1);
  },
);

test.skipIf(!there)('a swap that fails leaves nothing in the way of the next try', async () => {
  const { backups } = bed;
  const [entry] = await backups.context.catalogue.entries();
  const replace = async () => {
    const started = await backups.restore(entry?.manifest.id ?? '', { mode: 'replace' }, 'test');
    return backups.operations.ended(started.id);
  };
  const databases = `SELECT datname FROM pg_database WHERE datname LIKE '${name}%' AND datallowconn ORDER BY 1`;
  // A restored state cannot take the place of one that is away.
  await admin(`ALTER DATABASE ${name} RENAME TO ${name}_away`);
  expect(await replace()).toMatchObject({ state: 'failed' });
  expect(await admin(databases)).toEqual([{ datname: `${name}_away` }, { datname: `${name}_copy` }]);
  await admin(`ALTER DATABASE ${name}_away RENAME TO ${name}`);
  await admin('DELETE FROM orders', name);
  expect(await replace()).toMatchObject({ state: 'done', failure: null });
  expect(await admin('SELECT count(*)::int AS rows FROM orders', name)).toEqual([{ rows: 5000 }]);
});

async function admin(sql: string, database = 'postgres'): Promise<unknown[]> {
  const client = new pg.Client({ host: '/var/run/postgresql', user: 'root', database });
  await client.connect();
  try {
    const result = await client.query(sql);
    return Array.isArray(result) ? [] : result.rows;
  } finally {
    await client.end();
  }
}

async function canConnect(): Promise<boolean> {
  return admin('SELECT 1').then(
    () => true,
    () => false,
  );
}
