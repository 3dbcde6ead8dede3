// Runs in a child process of its own: opens the embedded engine and serves ClickHouse's HTTP protocol on a unix socket.
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import path from 'node:path';
import { Session } from 'chdb';
import { sandboxSettings } from './sandbox-settings.ts';
import { createEngineFront } from './engine-front.ts';
import type { EngineMessage, EngineSettings } from './engine-message.ts';
import { createEngineSession, createSandboxSession, createSessionPool } from './session-pool.ts';
import type { SessionPool } from './session-pool.ts';
import { keepDefinitions, mendDefinitions } from './table-definitions.ts';

/** Each running query holds a thread of the pool of 16, so together they are fewer. */
const SESSIONS = { reads: 6, writes: 2, upkeep: 2, control: 1, sandbox: 2 } as const;

/** Definitions change when Belay is upgraded; looking for it costs next to nothing. */
const KEEP_MS = 5_000;

process.umask(0o077);
// A query may hold a thread for long; without the parent nobody will read its answer.
process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
process.on('message', () => tell({ type: 'alive' }));
process.on('SIGINT', ignore);
process.on('SIGTERM', ignore);

try {
  await serve(JSON.parse(process.argv[2] ?? '{}') as EngineSettings);
} catch (error) {
  tell({ type: 'failed', message: error instanceof Error ? error.message : String(error) });
  process.exitCode = 1;
  process.disconnect();
}

async function serve(settings: EngineSettings): Promise<void> {
  mkdirSync(settings.dataPath, { recursive: true });
  mkdirSync(settings.spoolPath, { recursive: true });
  for (const left of readdirSync(settings.spoolPath)) rmSync(path.join(settings.spoolPath, left));
  for (const message of mendDefinitions(settings.dataPath)) tell({ type: 'mended', message });
  const open = (): Session => new Session(settings.dataPath, { connectionArgs: engineArguments(settings) });
  const pool = (count: number): SessionPool =>
    createSessionPool(Array.from({ length: count }, () => createEngineSession(open())));
  const sandbox = await Promise.all(
    Array.from({ length: SESSIONS.sandbox }, () => createSandboxSession(open(), sandboxLimits(settings))),
  );
  rmSync(settings.socketPath, { force: true });
  const front = createEngineFront({
    reads: pool(SESSIONS.reads),
    writes: pool(SESSIONS.writes),
    upkeep: pool(SESSIONS.upkeep),
    control: pool(SESSIONS.control),
    sandbox: createSessionPool(sandbox),
    spoolPath: settings.spoolPath,
    onStuck: die,
  });
  const server = createServer({ maxHeaderSize: 2 ** 20 }, front);
  server.requestTimeout = 0;
  server.keepAliveTimeout = 60_000;
  server.on('error', (error) => {
    tell({ type: 'failed', message: error.message });
    process.disconnect();
  });
  server.listen(settings.socketPath, () => tell({ type: 'ready' }));
  setInterval(() => keepDefinitions(settings.dataPath), KEEP_MS).unref();
}

function sandboxLimits({ memoryLimitBytes }: EngineSettings): ReadonlyMap<string, string> {
  return new Map(Object.entries(sandboxSettings(memoryLimitBytes)).map(([name, value]) => [name, String(value)]));
}

function engineArguments({ memoryLimitBytes }: EngineSettings): string[] {
  const query = Math.floor(memoryLimitBytes * 0.6);
  const isSmall = memoryLimitBytes < 400 * 2 ** 20;
  return [
    `--max_server_memory_usage=${memoryLimitBytes}`,
    `--max_memory_usage=${query}`,
    `--max_bytes_before_external_group_by=${isSmall ? 40_000_000 : Math.floor(query / 3)}`,
    `--max_bytes_before_external_sort=${isSmall ? 40_000_000 : Math.floor(query / 3)}`,
    `--mark_cache_size=${isSmall ? 8_388_608 : 33_554_432}`,
    `--index_mark_cache_size=${isSmall ? 2_097_152 : 8_388_608}`,
    '--uncompressed_cache_size=0',
    `--background_pool_size=${isSmall ? 1 : 2}`,
    '--background_schedule_pool_size=4',
    '--background_common_pool_size=2',
    `--max_threads=${isSmall ? 1 : 2}`,
    '--max_insert_threads=1',
    '--max_execution_time=30',
    // Engine-side deduplication and asynchronous inserts lose acknowledged rows; requests are known by their hash.
    '--async_insert=0',
    '--deduplicate_insert=disable',
    '--output_format_json_quote_64bit_integers=0',
  ];
}

function tell(message: EngineMessage): void {
  // The parent may be killed just now; without it there is nothing to do.
  process.send?.(message, undefined, undefined, (error) => {
    if (error !== null) die();
  });
}

function die(): void {
  process.kill(process.pid, 'SIGKILL');
}

/** The parent decides when the engine ends; a signal to the whole process group must not cut a commit. */
function ignore(): void {}
