import { setImmediate as yieldToOthers } from 'node:timers/promises';
import {
  ChannelLogError,
  type ChannelLog,
  type LogEntry,
  type LogPlace,
  type LogQuestion,
  type LogStretch,
  type LogWindow,
  readWindow,
} from './log-types.ts';
import { newEpoch } from './new-epoch.ts';

/** What the log needs of a database: `better-sqlite3` and `node:sqlite` both have it. */
export interface SqliteDatabase {
  exec(sql: string): unknown;
  prepare(sql: string): SqliteStatement;
  close(): unknown;
}

/** A prepared statement with parameters by place. */
export interface SqliteStatement {
  run(...values: (string | number | null)[]): unknown;
  get(...values: (string | number | null)[]): unknown;
  all(...values: (string | number | null)[]): unknown[];
}

/** Settings of {@link openSqliteLog}. */
export interface SqliteLogOptions {
  /** An open database of `better-sqlite3` or `node:sqlite` that nothing else uses: one file for the log alone. */
  readonly database: SqliteDatabase;
  readonly window?: LogWindow;
}

const SCHEMA = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = FULL;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS channel (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL, top INTEGER NOT NULL, at INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS message (
    channel INTEGER NOT NULL, place INTEGER NOT NULL, at INTEGER NOT NULL, key TEXT, body TEXT NOT NULL,
    PRIMARY KEY (channel, place)) WITHOUT ROWID;
  CREATE UNIQUE INDEX IF NOT EXISTS message_key ON message (channel, key) WHERE key IS NOT NULL;
  CREATE TABLE IF NOT EXISTS session (id TEXT PRIMARY KEY, seq INTEGER NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS session_at ON session (at);
`;
/** Outboxes give up after 24 hours; twice that, for clocks that differ. */
const SESSION_MS = 2 * 86_400_000;
/** Records removed at a time, so that a trim never holds the process for long. */
const TRIM_RECORDS = 2000;
/** Channels looked at in one trim. */
const TRIM_CHANNELS = 100;
const WATCH_MS = 100;

/**
 * A log in a SQLite file, for one machine. A batch is one transaction that is on the disk (`synchronous = FULL`) when
 * `append` resolves. Where the file is lost every channel gets a new epoch, so no client takes a new log for the old one.
 * @throws ChannelLogError where the database cannot be used.
 */
export function openSqliteLog({ database, window }: SqliteLogOptions): ChannelLog {
  const bounds = readWindow(window);
  attempt('sqlite-open', () => database.exec(SCHEMA));
  const statements = prepare(database);
  let isClosed = false;
  const touched = new Set(statements.names.all().map((row) => (row as { name: string }).name));
  const within = <Result>(work: () => Result): Result =>
    attempt('sqlite-failed', () => {
      database.exec('BEGIN IMMEDIATE');
      try {
        const result = work();
        database.exec('COMMIT');
        return result;
      } catch (error) {
        database.exec('ROLLBACK');
        throw error;
      }
    });
  return {
    async append(entries) {
      const places = within(() => appendAll(statements, entries));
      for (const { channel } of entries) touched.add(channel);
      return places;
    },
    async position(channel) {
      const known = attempt('sqlite-failed', () => findChannel(statements, channel));
      const { epoch, top } = known ?? within(() => createChannel(statements, channel));
      return { epoch, offset: top };
    },
    read: async (channel, question) => within(() => readStretch(statements, channel, question)),
    async acknowledged(session) {
      return attempt('sqlite-failed', () => statements.session.get(session) as { seq: number } | undefined)?.seq ?? 0;
    },
    watch: (listener) => watchVersion(database, () => isClosed, listener),
    async trim() {
      for (const name of [...touched].slice(0, TRIM_CHANNELS)) {
        touched.delete(name);
        while (within(() => trimChannel(statements, name, bounds))) await yieldToOthers();
        // Behind all others: in the end each has its turn.
        touched.add(name);
      }
      within(() => statements.dropSessions.run(Date.now() - SESSION_MS));
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      attempt('sqlite-failed', () => database.close());
    },
  };
}

type Statements = ReturnType<typeof prepare>;
interface Channel {
  readonly id: number;
  readonly epoch: string;
  top: number;
}

function prepare(database: SqliteDatabase) {
  return {
    names: database.prepare('SELECT name FROM channel'),
    channel: database.prepare('SELECT id, epoch, top FROM channel WHERE name = ?'),
    addChannel: database.prepare('INSERT INTO channel (name, epoch, top, at) VALUES (?, ?, 0, ?)'),
    moveTop: database.prepare('UPDATE channel SET top = ?, at = ? WHERE id = ?'),
    addMessage: database.prepare('INSERT INTO message (channel, place, at, key, body) VALUES (?, ?, ?, ?, ?)'),
    byKey: database.prepare('SELECT place FROM message WHERE channel = ? AND key = ?'),
    forward: database.prepare(
      'SELECT place AS "offset", body FROM message WHERE channel = ? AND place > ? ORDER BY place LIMIT ?',
    ),
    backward: database.prepare(
      'SELECT place AS "offset", body FROM message WHERE channel = ? AND place < ? ORDER BY place DESC LIMIT ?',
    ),
    oldestFrom: database.prepare('SELECT place FROM message WHERE channel = ? AND at >= ? ORDER BY place LIMIT 1'),
    oldest: database.prepare('SELECT place FROM message WHERE channel = ? ORDER BY place LIMIT 1'),
    drop: database.prepare('DELETE FROM message WHERE channel = ? AND place <= ?'),
    session: database.prepare('SELECT seq FROM session WHERE id = ?'),
    moveSession: database.prepare(
      'INSERT INTO session (id, seq, at) VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, at = excluded.at',
    ),
    dropSessions: database.prepare('DELETE FROM session WHERE at < ?'),
  };
}

function appendAll(statements: Statements, entries: readonly LogEntry[]): LogPlace[] {
  const now = Date.now();
  const channels = new Map<string, Channel>();
  const sessions = new Map<string, number>();
  const places = entries.map(({ channel: name, body, key, session }): LogPlace => {
    const channel = channels.get(name) ?? findChannel(statements, name) ?? createChannel(statements, name);
    channels.set(name, channel);
    if (session !== undefined) {
      const seq = sessions.get(session.id) ?? (statements.session.get(session.id) as { seq: number } | undefined)?.seq;
      if (session.seq <= (seq ?? 0)) return { epoch: channel.epoch, offset: 0, isDuplicate: true };
      sessions.set(session.id, session.seq);
    }
    if (key !== undefined) {
      const stored = statements.byKey.get(channel.id, key) as { place: number } | undefined;
      if (stored !== undefined) return { epoch: channel.epoch, offset: stored.place, isDuplicate: true };
    }
    channel.top += 1;
    statements.addMessage.run(channel.id, channel.top, now, key ?? null, body);
    return { epoch: channel.epoch, offset: channel.top, isDuplicate: false };
  });
  for (const { id, top } of channels.values()) statements.moveTop.run(top, now, id);
  for (const [id, seq] of sessions) statements.moveSession.run(id, seq, now);
  return places;
}

function findChannel(statements: Statements, name: string): Channel | undefined {
  const row = statements.channel.get(name) as Channel | undefined;
  return row === undefined ? undefined : { id: row.id, epoch: row.epoch, top: row.top };
}

function createChannel(statements: Statements, name: string): Channel {
  const found = findChannel(statements, name);
  if (found !== undefined) return found;
  statements.addChannel.run(name, newEpoch(), Date.now());
  const created = findChannel(statements, name);
  if (created !== undefined) return created;
  throw new ChannelLogError(
    'sqlite-failed',
    `channel "${name}" was not kept`,
    'check the database with integrity_check',
  );
}

function readStretch(statements: Statements, name: string, question: LogQuestion): LogStretch {
  const { id, epoch, top } = findChannel(statements, name) ?? createChannel(statements, name);
  const { since, limit } = question;
  if (question.isReverse === true) {
    const before = since === 0 ? top + 1 : since;
    const records = statements.backward.all(id, before, limit) as LogStretch['records'];
    return { epoch, offset: top, records, isGap: false };
  }
  const records = statements.forward.all(id, since, limit) as LogStretch['records'];
  const isGap = since > top || (since < top && records[0]?.offset !== since + 1);
  return { epoch, offset: top, records, isGap };
}

/** Whether there is more to remove. */
function trimChannel(statements: Statements, name: string, { messages, ms }: Required<LogWindow>): boolean {
  const channel = findChannel(statements, name);
  const oldest =
    channel === undefined ? undefined : (statements.oldest.get(channel.id) as { place: number } | undefined);
  if (channel === undefined || oldest === undefined) return false;
  const kept = statements.oldestFrom.get(channel.id, Date.now() - ms) as { place: number } | undefined;
  const last = Math.max(channel.top - messages, (kept?.place ?? channel.top + 1) - 1);
  if (last < oldest.place) return false;
  statements.drop.run(channel.id, Math.min(last, oldest.place + TRIM_RECORDS));
  return last > oldest.place + TRIM_RECORDS;
}

/** SQLite counts the commits of other connections, in this process or another, by itself. */
function watchVersion(
  database: SqliteDatabase,
  isClosed: () => boolean,
  listener: (channel: undefined) => void,
): () => void {
  const version = database.prepare('PRAGMA data_version');
  let seen = JSON.stringify(version.get());
  const timer = setInterval(() => {
    if (isClosed()) return clearInterval(timer);
    const now = JSON.stringify(version.get());
    if (now === seen) return;
    seen = now;
    listener(undefined);
  }, WATCH_MS).unref();
  return () => clearInterval(timer);
}

function attempt<Result>(code: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof ChannelLogError) throw error;
    const message = error instanceof Error ? error.message : String(error);
    const hint = 'check that the file can be written, has room and is used by channel servers alone';
    throw new ChannelLogError(code, `the log in SQLite failed: ${message}`, hint, error);
  }
}
