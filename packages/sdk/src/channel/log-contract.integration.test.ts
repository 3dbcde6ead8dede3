import { DatabaseSync } from 'node:sqlite';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import Database from 'better-sqlite3';
import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ChannelLog, LogWindow } from './log-types.ts';
import { openPostgresLog } from './postgres-log.ts';
import { openRedisLog } from './redis-log.ts';
import { openSqliteLog } from './sqlite-log.ts';

// PostgreSQL on 127.0.0.1:5432 and Redis on 127.0.0.1:6379, as `node scripts/set-up.js` installs them.
const folder = mkdtempSync(path.join(os.tmpdir(), 'belay-logs-'));
const pool = new pg.Pool({ host: '127.0.0.1', database: 'test', user: 'postgres', connectionTimeoutMillis: 1000 });
pool.on('error', () => {});
const redis = new Redis({ lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
redis.on('error', () => {});
const hasPostgres = await pool.query('SELECT 1').then(
  () => true,
  () => false,
);
const hasRedis = await redis.connect().then(
  () => true,
  () => false,
);
const name = `belay_channel_test_${process.pid}`;

afterAll(async () => {
  await pool.end();
  redis.disconnect();
  rmSync(folder, { recursive: true, force: true });
});

interface Engine {
  readonly title: string;
  readonly isThere: boolean;
  /** Opens the same log again, as another process would. */
  readonly open: (window?: LogWindow) => Promise<ChannelLog>;
  readonly lose: () => Promise<unknown>;
}

let run = 0;
const file = (): string => path.join(folder, `log-${run}.db`);
const engines: readonly Engine[] = [
  {
    title: 'better-sqlite3',
    isThere: true,
    open: async (window) => openSqliteLog({ database: new Database(file()), ...given(window) }),
    lose: async () => rmSync(file(), { force: true }),
  },
  {
    title: 'node:sqlite',
    isThere: true,
    open: async (window) => openSqliteLog({ database: new DatabaseSync(file()), ...given(window) }),
    lose: async () => rmSync(file(), { force: true }),
  },
  {
    title: 'PostgreSQL',
    isThere: hasPostgres,
    open: (window) => openPostgresLog({ pool, schema: name, ...given(window) }),
    lose: () => pool.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`),
  },
  {
    title: 'Redis',
    isThere: hasRedis,
    open: async (window) => openRedisLog({ redis, prefix: name, ...given(window) }),
    lose: async () => {
      const keys = await redis.keys(`{${name}}:*`);
      if (keys.length > 0) await redis.del(...keys);
    },
  },
];

function given(window: LogWindow | undefined): { window?: LogWindow } {
  return window === undefined ? {} : { window };
}

const bodies = (from: number, count: number): { channel: string; body: string }[] =>
  Array.from({ length: count }, (_nothing, index) => ({ channel: 'a', body: `{"data":${from + index}}` }));

describe.each(engines)('a log in $title', ({ isThere, open, lose }) => {
  const opened: ChannelLog[] = [];
  const openOne = async (window?: LogWindow): Promise<ChannelLog> => {
    const log = await open(window);
    opened.push(log);
    return log;
  };
  beforeEach(() => {
    run += 1;
  });
  afterEach(async () => {
    for (const log of opened.splice(0)) await log.close();
    if (isThere) await lose();
  });

  it.skipIf(!isThere)('numbers the messages of each channel from 1, over batches and reopening', async () => {
    const log = await openOne();
    const places = await log.append([...bodies(1, 2), { channel: 'b', body: '{"data":9}' }, ...bodies(3, 1)]);
    expect(places.map(({ offset }) => offset)).toEqual([1, 2, 1, 3]);
    const other = await openOne();
    expect((await other.append(bodies(4, 1)))[0]).toEqual({ epoch: places[0]!.epoch, offset: 4, isDuplicate: false });
    expect(await log.position('a')).toEqual({ epoch: places[0]!.epoch, offset: 4 });
    const { records, isGap } = await other.read('a', { since: 1, limit: 2 });
    expect({ records, isGap }).toEqual({
      records: [
        { offset: 2, body: '{"data":2}' },
        { offset: 3, body: '{"data":3}' },
      ],
      isGap: false,
    });
  });

  it.skipIf(!isThere)('reads backwards, and nothing behind the newest', async () => {
    const log = await openOne();
    await log.append(bodies(1, 5));
    const newest = await log.read('a', { since: 0, limit: 2, isReverse: true });
    expect(newest.records.map(({ offset }) => offset)).toEqual([5, 4]);
    const older = await log.read('a', { since: 4, limit: 9, isReverse: true });
    expect(older.records.map(({ offset }) => offset)).toEqual([3, 2, 1]);
    expect(await log.read('a', { since: 5, limit: 9 })).toMatchObject({ records: [], isGap: false, offset: 5 });
    expect(await log.read('a', { since: 6, limit: 9 })).toMatchObject({ records: [], isGap: true });
  });

  it.skipIf(!isThere)('stores a key once a channel, in one batch and over several', async () => {
    const log = await openOne();
    const keyed = { channel: 'a', body: '{"data":1}', key: 'k' };
    expect(await log.append([keyed, keyed, { ...keyed, channel: 'b' }])).toMatchObject([
      { offset: 1, isDuplicate: false },
      { offset: 1, isDuplicate: true },
      { offset: 1, isDuplicate: false },
    ]);
    expect(await log.append([keyed])).toMatchObject([{ offset: 1, isDuplicate: true }]);
    expect((await log.position('a')).offset).toBe(1);
  });

  it.skipIf(!isThere)('stores the numbers of a session once, in order, over channels', async () => {
    const log = await openOne();
    const of = (seq: number, channel = 'a'): object => ({
      channel,
      body: `{"data":${seq}}`,
      session: { id: 's', seq },
    });
    const batch = (...seqs: number[]): Parameters<ChannelLog['append']>[0] => seqs.map((seq) => of(seq)) as never;
    expect((await log.append(batch(1, 2, 2, 4))).map(({ isDuplicate }) => isDuplicate)).toEqual([
      false,
      false,
      true,
      false,
    ]);
    expect((await log.append(batch(3, 4, 5))).map(({ isDuplicate }) => isDuplicate)).toEqual([true, true, false]);
    expect(await log.append([of(5, 'b')] as never)).toMatchObject([{ isDuplicate: true }]);
    expect(await log.acknowledged('s')).toBe(5);
    expect(await log.acknowledged('nobody')).toBe(0);
    const { records } = await log.read('a', { since: 0, limit: 10 });
    expect(records.map(({ body }) => body)).toEqual([1, 2, 4, 5].map((seq) => `{"data":${seq}}`));
  });

  it.skipIf(!isThere)('says that there is a gap where the window has moved on', async () => {
    const log = await openOne({ messages: 100 });
    // Redis keeps whole nodes of a stream, so far more than the window has to come.
    for (let batch = 0; batch < 10; batch += 1) await log.append(bodies(batch * 100, 100));
    await log.trim();
    const stretch = await log.read('a', { since: 100, limit: 10 });
    expect(stretch).toMatchObject({ isGap: true, offset: 1000 });
    expect(await log.read('a', { since: 950, limit: 10 })).toMatchObject({ isGap: false });
    expect((await log.read('a', { since: 900, limit: 1 })).records).toHaveLength(1);
  });

  it.skipIf(!isThere)('gives a channel another epoch when the log is lost', async () => {
    const log = await openOne();
    const [first] = await log.append(bodies(1, 1));
    await log.close();
    await lose();
    const again = await openOne();
    const position = await again.position('a');
    expect(position.offset).toBe(0);
    expect(position.epoch).not.toBe(first!.epoch);
    expect(first!.epoch).toMatch(/^[\w-]{8}$/);
  });

  it.skipIf(!isThere)('keeps the order and loses nothing where two append at once', async () => {
    const logs = [await openOne(), await openOne()];
    const appended = await Promise.all(
      logs.flatMap((log, index) =>
        Array.from({ length: 10 }, (_n, turn) => log.append(bodies(index * 1000 + turn * 10, 10))),
      ),
    );
    const offsets = appended.flat().map(({ offset }) => offset);
    expect(offsets.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 200 }, (_nothing, index) => index + 1));
    const { records } = await logs[0]!.read('a', { since: 0, limit: 1000 });
    expect(records.map(({ offset }) => offset)).toEqual(Array.from({ length: 200 }, (_nothing, index) => index + 1));
  });

  it.skipIf(!isThere)('calls when another process stored something', async () => {
    const [log, other] = [await openOne(), await openOne()];
    const called: (string | undefined)[] = [];
    const stop = log.watch((channel) => called.push(channel));
    // Being ready is a call about everything, too.
    await expect
      .poll(async () => {
        await other.append(bodies(1, 1));
        return called.length;
      })
      .toBeGreaterThan(1);
    expect(called.every((channel) => channel === undefined || channel === 'a')).toBe(true);
    stop();
  });

  it.skipIf(!isThere)('shares who is there, if it shares anything', async () => {
    const [log, other] = [await openOne(), await openOne()];
    if (log.presence === undefined || other.presence === undefined) return;
    const ann = { channel: 'a', client: 'c1', user: 'ann', info: '{"name":"Ann"}' };
    const bob = { channel: 'a', client: 'c2', user: 'bob', info: undefined };
    await log.presence.renew([ann, bob], 60_000);
    expect((await other.presence.list('a')).toSorted((a, b) => a.client.localeCompare(b.client))).toEqual([ann, bob]);
    await other.presence.leave([ann]);
    await log.presence.renew([bob], 1);
    await expect.poll(() => log.presence?.list('a')).toEqual([]);
  });
});
