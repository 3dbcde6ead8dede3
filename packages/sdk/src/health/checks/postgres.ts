import { fail, type HealthCheck, pass, warn } from '../types.ts';

/** What is needed of a pg client or pool. */
export interface PgLike {
  query(text: string, values?: unknown[]): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>;
  readonly totalCount?: number;
  readonly idleCount?: number;
  readonly waitingCount?: number;
}

/** What a PostgreSQL database should be. */
export interface PgExpectation {
  /** Columns by table, with its schema where it is not `public`. */
  readonly tables?: Readonly<Record<string, readonly string[]>>;
  readonly extensions?: readonly string[];
  /** Oldest major version; default 13. */
  readonly leastMajor?: number;
  /** Most time that the two clocks may differ; default 2,000 ms. */
  readonly maxClockMs?: number;
}

/** Checks of one PostgreSQL database; all but the first depend on it. `name` tells several databases apart. */
export function postgresChecks(db: PgLike, expected: PgExpectation = {}, name = 'database'): HealthCheck[] {
  const one = (title: string, word: string, run: HealthCheck['run'], more: Partial<HealthCheck> = {}): HealthCheck => ({
    name: `${name}.${word}`,
    title,
    critical: true,
    dependsOn: [name],
    run,
    ...more,
  });
  return [
    { name, title: 'Database reachable', critical: true, cheap: true, run: () => reach(db) },
    one('Database engine', 'engine', () => engine(db, expected.leastMajor ?? 13)),
    one('Settings that keep commits', 'durability', () => durability(db)),
    one('Page checksums', 'checksums', () => checksums(db), { critical: false }),
    one('Tables and columns', 'schema', () => schema(db, expected.tables ?? {})),
    one('Extensions', 'extensions', () => extensions(db, expected.extensions ?? [])),
    one('Database can be written', 'write', () => writeProbe(db)),
    one('Clocks agree', 'clock', () => clock(db, expected.maxClockMs ?? 2000), { cheap: true }),
    one('Connections are free', 'pool', () => pool(db), { cheap: true, critical: false }),
  ];
}

async function value(db: PgLike, text: string, values: unknown[] = []): Promise<unknown> {
  const { rows } = await db.query(text, values);
  return Object.values(rows[0] ?? {})[0];
}

async function reach(db: PgLike) {
  await db.query('SELECT 1');
  return pass('answers');
}

async function engine(db: PgLike, least: number) {
  const version = Number(await value(db, 'SHOW server_version_num'));
  const major = Math.floor(version / 10_000);
  if (major < least) return fail('old-engine', `PostgreSQL ${major}`, `Use PostgreSQL ${least} or newer.`);
  return pass(`PostgreSQL ${major}.${version % 10_000}`);
}

async function durability(db: PgLike) {
  const { rows } = await db.query(
    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')",
  );
  const off = rows.filter(({ setting }) => setting === 'off').map((row) => String(row['name']));
  if (off.includes('fsync') || off.includes('full_page_writes'))
    return fail(
      'fsync-off',
      `${off.join(', ')} off: a crash can corrupt everything`,
      'Switch them on in postgresql.conf.',
    );
  return off.length === 0
    ? pass('on')
    : warn(
        'async-commit',
        'synchronous_commit is off: the last commits may be lost',
        'Switch it on where that matters.',
      );
}

async function checksums(db: PgLike) {
  const isOn = (await value(db, 'SHOW data_checksums')) === 'on';
  return isOn
    ? pass('on')
    : warn('checksums-off', 'damage on the disk is not noticed', 'Run pg_checksums --enable while it is stopped.');
}

async function schema(db: PgLike, tables: Readonly<Record<string, readonly string[]>>) {
  const missing: string[] = [];
  for (const [table, columns] of Object.entries(tables)) {
    const [space, name] = table.includes('.') ? table.split('.', 2) : ['public', table];
    const { rows } = await db.query(
      'SELECT column_name FROM information_schema.columns WHERE table_schema = $1 AND table_name = $2',
      [space, name],
    );
    const present = new Set(rows.map((row) => String(row['column_name'])));
    if (present.size === 0) missing.push(table);
    else missing.push(...columns.filter((column) => !present.has(column)).map((column) => `${table}.${column}`));
  }
  if (missing.length === 0) return pass(`${Object.keys(tables).length} tables as expected`);
  return fail('schema', `missing: ${missing.slice(0, 20).join(', ')}`, 'Run the migrations of this version.');
}

async function extensions(db: PgLike, wanted: readonly string[]) {
  const { rows } = await db.query('SELECT extname FROM pg_extension');
  const present = new Set(rows.map((row) => String(row['extname'])));
  const missing = wanted.filter((name) => !present.has(name));
  return missing.length === 0
    ? pass(`${wanted.length} extensions`)
    : fail('extension-missing', `missing: ${missing.join(', ')}`, `Run CREATE EXTENSION ${missing[0]}.`);
}

/** One statement: what it writes is never committed to a table, and shows whether a write is allowed. */
async function writeProbe(db: PgLike) {
  const isReadOnly =
    (await value(db, 'SHOW transaction_read_only')) === 'on' ||
    (await value(db, 'SELECT pg_is_in_recovery()')) === true;
  if (isReadOnly)
    return fail('read-only', 'the database takes no writes', 'Connect to the primary; make room on its disk.');
  await db.query('CREATE TEMP TABLE IF NOT EXISTS belay_write_check (value text)');
  const { rows } = await db.query(
    "WITH gone AS (DELETE FROM belay_write_check) INSERT INTO belay_write_check VALUES ('ok') RETURNING value",
  );
  return rows.length === 1
    ? pass('written and read')
    : fail('write-lost', 'a row that was written is not there', 'Look at triggers and rules.');
}

async function clock(db: PgLike, most: number) {
  const before = Date.now();
  const there = Number(await value(db, 'SELECT extract(epoch FROM clock_timestamp()) * 1000'));
  const difference = Math.round(there - (before + Date.now()) / 2);
  if (Math.abs(difference) <= most) return pass(`${difference} ms apart`, difference, 'ms');
  return fail('clock', `the clocks are ${Math.round(difference / 1000)} s apart`, 'Start NTP on both machines.');
}

async function pool(db: PgLike) {
  const { waitingCount = 0, totalCount = 0, idleCount = 0 } = db;
  const startedAt = performance.now();
  await db.query('SELECT 1');
  const waitMs = performance.now() - startedAt;
  if (waitingCount > 0 && waitMs > 250)
    return warn(
      'pool-empty',
      `${waitingCount} wait for one of ${totalCount} connections, ${Math.round(waitMs)} ms`,
      'Look for connections that are not given back; raise max.',
    );
  return pass(`${totalCount - idleCount} of ${totalCount} in use`, waitMs, 'ms');
}
