import { randomUUID } from 'node:crypto';
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
import { inTime } from './in-time.ts';
import { newEpoch } from './new-epoch.ts';
import { createRedisPresence } from './redis-presence.ts';
import { APPEND, OLDEST, POSITION, READ } from './redis-scripts.ts';

/** What the log needs of a client of `ioredis`. */
export interface RedisClient {
  eval(script: string, keys: number, ...values: (string | number)[]): Promise<unknown>;
  duplicate(): RedisSubscriber;
}

/** What the log needs of a client of `ioredis` that listens. */
export interface RedisSubscriber {
  subscribe(channel: string): Promise<unknown>;
  on(event: 'message', listener: (channel: string, message: string) => void): unknown;
  on(event: 'ready', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  disconnect(): void;
}

/** Settings of {@link openRedisLog}. */
export interface RedisLogOptions {
  /** A client of `ioredis`; the log opens one more connection to hear of other processes. */
  readonly redis: RedisClient;
  /** Put before every key; default `belay-channel`. All keys share one hash slot. */
  readonly prefix?: string;
  readonly window?: LogWindow;
  /**
   * Say true where a restart of Redis loses nothing (`appendonly yes` and `appendfsync always`). Else every restart and
   * fail-over gives all channels a new epoch, so that no client takes what is left for all there was.
   */
  readonly isDurable?: boolean;
}

const COMMAND_MS = 8000;
const TRIM_CHANNELS = 50;

/**
 * A log in Redis Streams (Redis 6.2 or newer) that several processes share. A batch is one script: all of it or nothing,
 * and once only where a connection breaks before the answer. How safe a stored message is, is up to Redis: with the
 * default `appendfsync everysec` a crash of the machine loses the last second.
 */
export function openRedisLog(options: RedisLogOptions): ChannelLog {
  const { redis, prefix = 'belay-channel', isDurable = false } = options;
  const bounds = readWindow(options.window);
  const root = `{${prefix}}`;
  const touched = new Set<string>();
  const run = (script: string, ...values: (string | number)[]): Promise<unknown> =>
    attempt(() => inTime(redis.eval(script, 1, root, isDurable ? 1 : 0, ...values), COMMAND_MS));
  return {
    async append(entries) {
      const told = await run(APPEND, ...appendValues(entries, bounds));
      for (const { channel } of entries) touched.add(channel);
      return readPlaces(told, entries.length);
    },
    async position(channel) {
      const [epoch, offset] = (await run(POSITION, channel, newEpoch())) as [string, number];
      return { epoch, offset };
    },
    async read(channel, question) {
      const told = await run(
        READ,
        channel,
        newEpoch(),
        question.since,
        question.limit,
        question.isReverse === true ? 1 : 0,
      );
      return readStretch(told, question);
    },
    async acknowledged(session) {
      return Number(await run(`return redis.call('GET', KEYS[1] .. ':s:' .. ARGV[2]) or 0`, session));
    },
    watch: (listener) => watchCalls(redis, `${root}:wake`, listener),
    async trim() {
      const names = [...touched].slice(0, TRIM_CHANNELS);
      for (const name of names) {
        touched.delete(name);
        await run(OLDEST, name, Date.now() - bounds.ms);
        touched.add(name);
      }
    },
    presence: createRedisPresence(run),
    // The connection is the application's.
    close: async () => {},
  };
}

function appendValues(entries: readonly LogEntry[], bounds: Required<LogWindow>): (string | number)[] {
  const values: (string | number)[] = [randomUUID(), bounds.messages, bounds.ms, Date.now()];
  for (const { channel, body, key, session } of entries)
    values.push(channel, body, key ?? '', session?.id ?? '', session?.seq ?? 0, newEpoch());
  return values;
}

function readPlaces(told: unknown, count: number): LogPlace[] {
  const flat: unknown[] = Array.isArray(told) ? told : [];
  return Array.from({ length: count }, (_nothing, index) => ({
    epoch: String(flat[index * 3]),
    offset: Number(flat[index * 3 + 1]),
    isDuplicate: Number(flat[index * 3 + 2]) === 1,
  }));
}

function readStretch(told: unknown, { since, isReverse }: LogQuestion): LogStretch {
  const [epoch, offset, found] = told as [string, number, [string, string[]][]];
  const records = found.map(([id, fields]) => ({
    offset: Number(id.slice(0, id.indexOf('-'))),
    body: fields[1] ?? '{}',
  }));
  const isForward = isReverse !== true;
  const isGap = isForward && (since > offset || (since < offset && records[0]?.offset !== since + 1));
  return { epoch, offset, records, isGap };
}

function watchCalls(redis: RedisClient, wake: string, listener: (channel: string | undefined) => void): () => void {
  const ear = redis.duplicate();
  // Said by the application's own client, too, and that one is heard.
  ear.on('error', () => {});
  ear.on('message', (_wake, channel) => listener(channel));
  // After a break nobody knows what was called meanwhile.
  ear.on('ready', () => listener(undefined));
  ear.subscribe(wake).catch(() => {});
  return () => ear.disconnect();
}

async function attempt<Result>(work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const hint = 'check that Redis can be reached and takes writes';
    throw new ChannelLogError('redis-failed', `the log in Redis failed: ${message}`, hint, error);
  }
}
