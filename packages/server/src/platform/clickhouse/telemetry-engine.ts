import { tmpdir } from 'node:os';
import { mkdirSync, mkdtempSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { Agent, type AgentOptions } from 'node:http';
import path from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { type ClickHouseClient, ClickHouseError, ClickHouseLogLevel, createClient } from '@clickhouse/client';
import { BelayError } from '@belay/core';
import { createDiskGuard } from './disk-guard.ts';
import { createEngineSupervisor, type EngineSupervisor } from './engine-supervisor.ts';
import type { NativeInsert, TelemetryEngine, TelemetryEngineOptions } from './telemetry-engine-types.ts';

const DEFAULT_MEMORY = 2 ** 30;
const REQUEST_TIMEOUT_MS = 120_000;
const POLL_MS = 200;
/** Longest path that fits a unix socket address, with room to spare. */
const LONGEST_SOCKET_PATH = 100;

/** Opens the store of telemetry: the embedded engine in a child process, or the ClickHouse server at `url`. */
export function createTelemetryEngine(options: TelemetryEngineOptions): TelemetryEngine {
  mkdirSync(options.dataDir, { recursive: true });
  return options.url === undefined ? embedded(options) : remote(options, options.url);
}

function embedded(options: TelemetryEngineOptions): TelemetryEngine {
  const socketPath = socketPathIn(options.dataDir);
  // The agent hands its options to net.connect, which knows socketPath; its own type does not.
  const agentOptions: AgentOptions & { readonly socketPath: string } = { keepAlive: true, maxSockets: 32, socketPath };
  const agent = new Agent(agentOptions);
  const client = createClient({
    url: 'http://engine',
    http_agent: agent,
    set_basic_auth_header: false,
    request_timeout: REQUEST_TIMEOUT_MS,
    // What goes wrong is thrown, and logged where it is handled.
    log: { level: ClickHouseLogLevel.OFF },
  });
  let epoch = 0;
  let waiting: (() => void)[] = [];
  const supervisor = createEngineSupervisor({
    settings: {
      dataPath: path.join(options.dataDir, 'clickhouse'),
      spoolPath: path.join(options.dataDir, 'spool'),
      socketPath,
      memoryLimitBytes: options.memoryLimitBytes ?? DEFAULT_MEMORY,
    },
    log: options.log,
    onExit: () => agent.destroy(),
    onReady: () => {
      epoch += 1;
      for (const resolve of waiting.splice(0)) resolve();
    },
  });
  const guard = createDiskGuard({
    folder: options.dataDir,
    clock: options.clock,
    ...(options.minFreeDiskBytes === undefined ? {} : { minFreeBytes: options.minFreeDiskBytes }),
  });
  return {
    client,
    isRemote: false,
    memoryLimitBytes: options.memoryLimitBytes ?? DEFAULT_MEMORY,
    status: supervisor.status,
    epoch: () => epoch,
    pid: supervisor.pid,
    minFreeDiskBytes: guard.minimum,
    requireDiskSpace: guard.require,
    disk: () => diskOf(options.dataDir),
    async whenReady(timeoutMs) {
      if (supervisor.status() === 'ready') return;
      const ready = new Promise<'ready'>((resolve) => waiting.push(() => resolve('ready')));
      const outcome = await Promise.race([ready, delay(timeoutMs, 'late' as const, { ref: false })]);
      if (outcome === 'late' || supervisor.status() === 'closed') throw unavailable(supervisor.status());
    },
    insertNative: (insert) => insertEmbedded({ client, supervisor, insert }),
    async close() {
      await supervisor.close();
      await client.close();
      agent.destroy();
      for (const resolve of waiting.splice(0)) resolve();
      waiting = [];
    },
  };
}

interface EmbeddedInsert {
  readonly client: ClickHouseClient;
  readonly supervisor: EngineSupervisor;
  readonly insert: NativeInsert;
}

async function insertEmbedded({ client, supervisor, insert }: EmbeddedInsert): Promise<void> {
  if (supervisor.status() !== 'ready') throw unavailable(supervisor.status());
  const pid = supervisor.pid();
  try {
    await sendNative(client, insert);
  } catch (error) {
    // The engine answered, so the insert has ended. Without an answer it has ended only when its process has.
    if (!(error instanceof ClickHouseError) && supervisor.pid() === pid) await supervisor.restart();
    throw error;
  }
}

function remote(options: TelemetryEngineOptions, url: string): TelemetryEngine {
  const client = createClient({
    url,
    request_timeout: REQUEST_TIMEOUT_MS,
    // What goes wrong is thrown, and logged where it is handled.
    log: { level: ClickHouseLogLevel.OFF },
    clickhouse_settings: {
      async_insert: 0,
      insert_deduplicate: 0,
      max_insert_threads: '1',
      output_format_json_quote_64bit_integers: 0,
    },
  });
  const state = { closed: false, epoch: 0 };
  const guard = createDiskGuard({ folder: options.dataDir, clock: options.clock, minFreeBytes: 0 });
  return {
    client,
    isRemote: true,
    memoryLimitBytes: null,
    status: () => (state.closed ? 'closed' : 'ready'),
    epoch: () => state.epoch,
    pid: () => undefined,
    minFreeDiskBytes: guard.minimum,
    requireDiskSpace: guard.require,
    disk: async () => null,
    async whenReady(timeoutMs) {
      const polls = Math.max(1, Math.ceil(timeoutMs / POLL_MS));
      for (let poll = 0; poll < polls && !state.closed; poll += 1) {
        if ((await client.ping()).success) return;
        await delay(POLL_MS);
      }
      throw unavailable('unreachable');
    },
    async insertNative(insert) {
      try {
        await sendNative(client, insert);
      } catch (error) {
        if (!(error instanceof ClickHouseError)) await whenQueryEnded(client, insert.queryId, state);
        throw error;
      }
    },
    async close() {
      state.closed = true;
      await client.close();
    },
  };
}

async function sendNative(client: ClickHouseClient, insert: NativeInsert): Promise<void> {
  const { stream } = await client.exec({
    query: `INSERT INTO ${insert.table} (${insert.columns.join(', ')}) FORMAT Native`,
    query_id: insert.queryId,
    // Merges make the indexes; until then parts are so small that reading them whole is quicker.
    clickhouse_settings: { materialize_skip_indexes_on_insert: 0 },
    values: Readable.from([Buffer.from(insert.block.buffer, insert.block.byteOffset, insert.block.byteLength)]),
  });
  for await (const rest of stream) void rest;
}

/** A server goes on with an insert whose client is gone; only the list of running queries tells when it is over. */
async function whenQueryEnded(
  client: ClickHouseClient,
  queryId: string,
  state: { readonly closed: boolean },
): Promise<void> {
  while (!state.closed) {
    try {
      const result = await client.query({
        query: 'SELECT count() AS running FROM system.processes WHERE query_id = {id:String}',
        query_params: { id: queryId },
        format: 'JSONEachRow',
      });
      const [row] = await result.json<{ running: number | string }>();
      if (Number(row?.running ?? 0) === 0) return;
    } catch (error) {
      if (error instanceof ClickHouseError) throw error;
    }
    await delay(POLL_MS);
  }
}

function socketPathIn(dataDir: string): string {
  const inside = path.join(path.resolve(dataDir), 'engine.sock');
  return inside.length <= LONGEST_SOCKET_PATH
    ? inside
    : path.join(mkdtempSync(path.join(tmpdir(), 'belay-')), 'engine.sock');
}

async function diskOf(folder: string): Promise<{ readonly freeBytes: number; readonly totalBytes: number }> {
  const { blocks, bavail, bsize } = await statfs(folder);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

function unavailable(status: string): BelayError {
  return new BelayError('telemetry.unavailable', `The telemetry engine is ${status}.`, {
    hint: 'Send again in a few seconds; nothing was stored.',
    retryAfterSeconds: 1,
  });
}
