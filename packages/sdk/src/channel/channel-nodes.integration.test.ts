import { Redis } from 'ioredis';
import pg from 'pg';
import { afterAll, expect, it } from 'vitest';
import { openTestbed } from './channel-testbed.ts';
import type { ChannelLog } from './log-types.ts';
import { openPostgresLog } from './postgres-log.ts';
import { openRedisLog } from './redis-log.ts';

// PostgreSQL on 127.0.0.1:5432 and Redis on 127.0.0.1:6379, as `node scripts/set-up.js` installs them.
const pool = new pg.Pool({ host: '127.0.0.1', database: 'test', user: 'postgres', connectionTimeoutMillis: 1000 });
pool.on('error', () => {});
const redis = new Redis({ lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
redis.on('error', () => {});
const isThere = {
  PostgreSQL: await pool.query('SELECT 1').then(
    () => true,
    () => false,
  ),
  Redis: await redis.connect().then(
    () => true,
    () => false,
  ),
};
const name = `belay_channel_nodes_${process.pid}`;

afterAll(async () => {
  await pool.query(`DROP SCHEMA IF EXISTS ${name} CASCADE`).catch(() => {});
  await pool.end();
  const keys = isThere.Redis ? await redis.keys(`{${name}}:*`) : [];
  if (keys.length > 0) await redis.del(...keys);
  redis.disconnect();
});

const open: Readonly<Record<keyof typeof isThere, () => Promise<ChannelLog>>> = {
  PostgreSQL: () => openPostgresLog({ pool, schema: name }),
  Redis: async () => openRedisLog({ redis, prefix: name }),
};

it.for(['PostgreSQL', 'Redis'] as const)(
  'servers on one %s send what any of them stored, in order',
  async (engine, { skip }) => {
    skip(!isThere[engine], `${engine} is not running`);
    const logs = [await open[engine](), await open[engine]()];
    const beds = await Promise.all(logs.map((log) => openTestbed(log)));
    const lists = await Promise.all(
      beds.map(async (bed) => {
        const subscription = bed.connect().newSubscription('room');
        const offsets: number[] = [];
        subscription.on('publication', ({ offset }) => offsets.push(offset ?? 0));
        subscription.subscribe();
        await subscription.ready();
        return offsets;
      }),
    );
    const publishing = beds.flatMap(({ channel }, node) =>
      Array.from({ length: 200 }, (_nothing, n) => channel.publish('room', { node, n })),
    );
    await Promise.all(publishing);
    const expected = Array.from({ length: 400 }, (_nothing, index) => index + 1);
    for (const offsets of lists) {
      await expect.poll(() => offsets.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(400);
      expect(offsets).toEqual(expected);
    }
    for (const bed of beds) {
      await expect.poll(async () => (await bed.connect().presenceStats('room')).numClients).toBe(2);
    }
    for (const bed of beds) await bed.close();
    for (const log of logs) await log.close();
  },
);
