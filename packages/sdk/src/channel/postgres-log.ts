import {
  ChannelLogError,
  type ChannelLog,
  type LogEntry,
  type LogPlace,
  type LogQuestion,
  type LogRecord,
  type LogStretch,
  type LogWindow,
  readWindow,
} from './log-types.ts';
import { newEpoch } from './new-epoch.ts';
import { createPostgresPresence } from './postgres-presence.ts';
import { createPostgresWatch } from './postgres-watch.ts';

/** What the log needs of a `Pool` of `pg`. */
export interface PostgresPool {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  connect(): Promise<PostgresClient>;
}

/** What the log needs of a connection of `pg`. */
export interface PostgresClient {
  query(sql: string, values?: unknown[]): Promise<{ rows: unknown[] }>;
  release(error?: boolean): void;
  on(event: 'notification', listener: (message: { readonly payload?: string | undefined }) => void): unknown;
  on(event: 'error' | 'end', listener: () => void): unknown;
}

/** Settings of {@link openPostgresLog}. */
export interface PostgresLogOptions {
  /** A `Pool` of `pg`; the log takes one connection for calls from other processes, and one while it works. */
  readonly pool: PostgresPool;
  /** Where its tables are, made when missing; default `belay_channel`. Letters, digits and `_`. */
  readonly schema?: string;
  readonly window?: LogWindow;
}

const SESSION_MS = 2 * 86_400_000;
/** A statement may take this long, and wait this long for another process's batch. */
const STATEMENT_MS = 8000;
const TRIM_RECORDS = 5000;
const TRIM_CHANNELS = 50;
/** Only one process makes the tables; any number will do. */
const SET_UP_LOCK = 7_240_311;

/**
 * A log in PostgreSQL (13 or newer) that several processes share: a message stored by one is sent by all. A batch is one
 * transaction that is on the disk when `append` resolves. A fail-over to a replica that lagged can lose stored messages:
 * use `synchronous_standby_names` where that matters.
 * @throws ChannelLogError where the tables cannot be made; RangeError for a schema that is no plain name.
 */
export async function openPostgresLog(options: PostgresLogOptions): Promise<ChannelLog> {
  const { pool, schema = 'belay_channel', window } = options;
  if (!/^[a-z_][a-z0-9_]{0,62}$/.test(schema))
    throw new RangeError(`schema is "${schema}"; give lower-case letters, digits and _, at most 63.`);
  const bounds = readWindow(window);
  await attempt(() => inTransaction(pool, (client) => setUp(client, schema)));
  const watch = createPostgresWatch(pool, schema);
  const touched = new Set<string>();
  return {
    async append(entries) {
      const places = await attempt(() => inTransaction(pool, (client) => appendAll(client, schema, entries)));
      for (const { channel } of entries) touched.add(channel);
      return places;
    },
    async position(channel) {
      const { epoch, offset } = await attempt(() => positionOf(pool, schema, channel));
      return { epoch, offset };
    },
    read: (channel, question) => attempt(() => readStretch(pool, schema, { channel, question })),
    acknowledged: (session) =>
      attempt(async () => {
        const { rows } = await pool.query(`SELECT seq FROM ${schema}.session WHERE id = $1`, [session]);
        return Number((rows[0] as { seq: string } | undefined)?.seq ?? 0);
      }),
    watch: watch.listen,
    async trim() {
      const names = [...touched].slice(0, TRIM_CHANNELS);
      for (const name of names) touched.delete(name);
      await attempt(() => trimAll(pool, schema, { names, bounds }));
      // Behind all others: in the end each has its turn.
      for (const name of names) touched.add(name);
    },
    presence: createPostgresPresence(pool, schema),
    close: () => watch.close(),
  };
}

async function setUp(client: PostgresClient, schema: string): Promise<void> {
  await client.query(`SELECT pg_advisory_xact_lock(${SET_UP_LOCK})`);
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS ${schema};
    CREATE TABLE IF NOT EXISTS ${schema}.channel (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL UNIQUE, epoch text NOT NULL,
      top bigint NOT NULL DEFAULT 0);
    CREATE TABLE IF NOT EXISTS ${schema}.message (
      channel bigint NOT NULL, place bigint NOT NULL, at timestamptz NOT NULL DEFAULT now(), key text, body text NOT NULL,
      PRIMARY KEY (channel, place));
    CREATE UNIQUE INDEX IF NOT EXISTS message_key ON ${schema}.message (channel, key) WHERE key IS NOT NULL;
    CREATE TABLE IF NOT EXISTS ${schema}.session (
      id text PRIMARY KEY, seq bigint NOT NULL, at timestamptz NOT NULL DEFAULT now());
    CREATE TABLE IF NOT EXISTS ${schema}.presence (
      channel text NOT NULL, client text NOT NULL, user_id text NOT NULL, info text, ends_at timestamptz NOT NULL,
      PRIMARY KEY (channel, client));
  `);
}

interface Channel {
  readonly id: string;
  readonly epoch: string;
  top: number;
}

async function appendAll(client: PostgresClient, schema: string, entries: readonly LogEntry[]): Promise<LogPlace[]> {
  const sessions = await lockSessions(client, schema, entries);
  const channels = await lockChannels(client, schema, entries);
  const keys = await knownKeys(client, schema, { entries, channels });
  const added: { channel: string; place: number; key: string | null; body: string }[] = [];
  const places = entries.map(({ channel: name, body, key, session }): LogPlace => {
    const channel = channels.get(name);
    if (channel === undefined) throw new RangeError(`channel "${name}" was not locked`);
    if (session !== undefined) {
      if (session.seq <= (sessions.get(session.id) ?? 0)) return { epoch: channel.epoch, offset: 0, isDuplicate: true };
      sessions.set(session.id, session.seq);
    }
    const keyed = key === undefined ? undefined : JSON.stringify([channel.id, key]);
    const stored = keyed === undefined ? undefined : keys.get(keyed);
    if (stored !== undefined) return { epoch: channel.epoch, offset: stored, isDuplicate: true };
    channel.top += 1;
    if (keyed !== undefined) keys.set(keyed, channel.top);
    added.push({ channel: channel.id, place: channel.top, key: key ?? null, body });
    return { epoch: channel.epoch, offset: channel.top, isDuplicate: false };
  });
  await write(client, schema, { added, channels, sessions });
  return places;
}

/** In the order of their ids, here and below: two processes that lock the same rows never wait for each other in turn. */
async function lockSessions(
  client: PostgresClient,
  schema: string,
  entries: readonly LogEntry[],
): Promise<Map<string, number>> {
  const ids = [...new Set(entries.flatMap(({ session }) => session?.id ?? []))].sort();
  if (ids.length === 0) return new Map();
  await client.query(
    `INSERT INTO ${schema}.session (id, seq) SELECT id, 0 FROM unnest($1::text[]) AS id ON CONFLICT DO NOTHING`,
    [ids],
  );
  const { rows } = await client.query(
    `SELECT id, seq FROM ${schema}.session WHERE id = ANY($1) ORDER BY id COLLATE "C" FOR UPDATE`,
    [ids],
  );
  return new Map((rows as { id: string; seq: string }[]).map(({ id, seq }) => [id, Number(seq)]));
}

async function lockChannels(
  client: PostgresClient,
  schema: string,
  entries: readonly LogEntry[],
): Promise<Map<string, Channel>> {
  const names = [...new Set(entries.map(({ channel }) => channel))].sort();
  const lock = `SELECT id, name, epoch, top FROM ${schema}.channel WHERE name = ANY($1) ORDER BY name COLLATE "C" FOR UPDATE`;
  let { rows } = await client.query(lock, [names]);
  if (rows.length < names.length) {
    await addChannels(client, schema, names);
    ({ rows } = await client.query(lock, [names]));
  }
  return new Map(
    (rows as { id: string; name: string; epoch: string; top: string }[]).map(({ id, name, epoch, top }) => [
      name,
      { id, epoch, top: Number(top) },
    ]),
  );
}

async function addChannels(
  client: Pick<PostgresClient, 'query'>,
  schema: string,
  names: readonly string[],
): Promise<void> {
  await client.query(
    `INSERT INTO ${schema}.channel (name, epoch) SELECT * FROM unnest($1::text[], $2::text[]) ON CONFLICT DO NOTHING`,
    [names, names.map(newEpoch)],
  );
}

async function knownKeys(
  client: PostgresClient,
  schema: string,
  { entries, channels }: { readonly entries: readonly LogEntry[]; readonly channels: ReadonlyMap<string, Channel> },
): Promise<Map<string, number>> {
  const asked = entries.filter(({ key }) => key !== undefined);
  if (asked.length === 0) return new Map();
  const { rows } = await client.query(
    `SELECT m.channel, m.key, m.place FROM ${schema}.message AS m
     JOIN unnest($1::bigint[], $2::text[]) AS wanted (channel, key) ON m.channel = wanted.channel AND m.key = wanted.key`,
    [asked.map(({ channel }) => channels.get(channel)?.id), asked.map(({ key }) => key)],
  );
  return new Map(
    (rows as { channel: string; key: string; place: string }[]).map(({ channel, key, place }) => [
      JSON.stringify([channel, key]),
      Number(place),
    ]),
  );
}

async function write(
  client: PostgresClient,
  schema: string,
  work: {
    readonly added: readonly { channel: string; place: number; key: string | null; body: string }[];
    readonly channels: ReadonlyMap<string, Channel>;
    readonly sessions: ReadonlyMap<string, number>;
  },
): Promise<void> {
  const { added, sessions } = work;
  if (sessions.size > 0) {
    await client.query(
      `UPDATE ${schema}.session AS s SET seq = new.seq, at = now()
       FROM unnest($1::text[], $2::bigint[]) AS new (id, seq) WHERE s.id = new.id`,
      [[...sessions.keys()], [...sessions.values()]],
    );
  }
  if (added.length === 0) return;
  await client.query(
    `INSERT INTO ${schema}.message (channel, place, key, body)
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])`,
    [
      added.map((one) => one.channel),
      added.map((one) => one.place),
      added.map((one) => one.key),
      added.map((one) => one.body),
    ],
  );
  const changed = new Set(added.map(({ channel }) => channel));
  const moved = [...work.channels].filter(([, { id }]) => changed.has(id));
  await client.query(
    `UPDATE ${schema}.channel AS c SET top = new.top FROM unnest($1::bigint[], $2::bigint[]) AS new (id, top) WHERE c.id = new.id`,
    [moved.map(([, { id }]) => id), moved.map(([, { top }]) => top)],
  );
  // A name may be longer than a notification: an id never is. Told to others when, and only when, this commits.
  await client.query(`SELECT pg_notify('${schema}', name) FROM unnest($1::text[]) AS name`, [
    moved.map(([name]) => name),
  ]);
}

async function positionOf(
  pool: PostgresPool,
  schema: string,
  channel: string,
): Promise<{ readonly id: string; readonly epoch: string; readonly offset: number }> {
  const ask = `SELECT id, epoch, top FROM ${schema}.channel WHERE name = $1`;
  let { rows } = await pool.query(ask, [channel]);
  if (rows.length === 0) {
    await addChannels(pool, schema, [channel]);
    ({ rows } = await pool.query(ask, [channel]));
  }
  const { id, epoch, top } = rows[0] as { id: string; epoch: string; top: string };
  return { id, epoch, offset: Number(top) };
}

async function readStretch(
  pool: PostgresPool,
  schema: string,
  { channel, question }: { readonly channel: string; readonly question: LogQuestion },
): Promise<LogStretch> {
  const { since, limit } = question;
  // The top first: what is stored in between is then beyond it, never missing below it.
  const { id, epoch, offset } = await positionOf(pool, schema, channel);
  const [range, order] =
    question.isReverse === true ? [since === 0 ? '$2 = 0' : 'place < $2', 'DESC'] : ['place > $2', 'ASC'];
  const { rows } = await pool.query(
    `SELECT place, body FROM ${schema}.message WHERE channel = $1 AND ${range} ORDER BY place ${order} LIMIT $3`,
    [id, since, limit],
  );
  const records = (rows as { place: string; body: string }[]).map(({ place, body }): LogRecord => ({
    offset: Number(place),
    body,
  }));
  const isForward = question.isReverse !== true;
  const isGap = isForward && (since > offset || (since < offset && records[0]?.offset !== since + 1));
  return { epoch, offset: Math.max(offset, isForward ? (records.at(-1)?.offset ?? 0) : 0), records, isGap };
}

async function trimAll(
  pool: PostgresPool,
  schema: string,
  { names, bounds }: { readonly names: readonly string[]; readonly bounds: Required<LogWindow> },
): Promise<void> {
  for (const name of names) {
    await pool.query(
      `DELETE FROM ${schema}.message AS m USING (
         SELECT o.channel, o.place FROM ${schema}.channel AS c JOIN ${schema}.message AS o ON o.channel = c.id
         WHERE c.name = $1 AND (o.place <= c.top - $2::bigint OR o.at < now() - $3::bigint * interval '1 ms')
         ORDER BY o.place LIMIT ${TRIM_RECORDS}) AS old
       WHERE m.channel = old.channel AND m.place = old.place`,
      [name, bounds.messages, bounds.ms],
    );
  }
  await pool.query(`DELETE FROM ${schema}.session WHERE at < now() - ${SESSION_MS} * interval '1 ms'`);
  await pool.query(`DELETE FROM ${schema}.presence WHERE ends_at < now() - interval '1 minute'`);
}

async function inTransaction<Result>(
  pool: PostgresPool,
  work: (client: PostgresClient) => Promise<Result>,
): Promise<Result> {
  const client = await pool.connect();
  let isBroken = true;
  try {
    await client.query('BEGIN');
    // What is acknowledged is on the disk, whatever the database is set to.
    await client.query(
      `SELECT set_config('statement_timeout', '${STATEMENT_MS}', true),
         CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'local', true) END`,
    );
    try {
      const result = await work(client);
      await client.query('COMMIT');
      isBroken = false;
      return result;
    } catch (error) {
      await client.query('ROLLBACK');
      isBroken = false;
      throw error;
    }
  } finally {
    client.release(isBroken);
  }
}

async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof ChannelLogError || error instanceof RangeError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const hint = 'check that the database can be reached and that its role may create and write the schema';
    throw new ChannelLogError('postgres-failed', `the log in PostgreSQL failed: ${message}`, hint, error);
  }
}
