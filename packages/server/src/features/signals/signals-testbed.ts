import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { problem, type LiveEvent } from '@belay/protocol';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { createHttpServer } from '../../platform/http/http-server.ts';
import { createLog } from '../../platform/log/log.ts';
import { closeDatabase, openDatabase, type Database } from '../../platform/sqlite/database.ts';
import { createTelemetryStore, type TelemetryStore } from '../telemetry/api.ts';
import { createSignals, type Signals, type SignalsOptions } from './api.ts';

/** Signals over real HTTP, SQLite and embedded ClickHouse, with a clock that is turned by hand. */
export interface World {
  readonly folder: string;
  readonly engine: TelemetryEngine;
  readonly clock: { now(): number; set(at: number): void };
  readonly events: LiveEvent[];
  /** The parts that a crash takes away and a restart opens again. */
  server: Server;
}

export interface Server {
  readonly db: Database;
  readonly telemetry: TelemetryStore;
  readonly signals: Signals;
  readonly url: string;
  close(): Promise<void>;
}

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
const log = createLog({ level: 'error' });

export async function startWorld(now: number, extra: Partial<SignalsOptions> = {}): Promise<World> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belay-signals-'));
  let time = now;
  const clock = { now: () => time, set: (at: number) => void (time = at) };
  const engine = createTelemetryEngine({ dataDir: folder, log, clock });
  await engine.whenReady(60_000);
  const world = { folder, engine, clock, events: [] as LiveEvent[] };
  return { ...world, server: await startServer(world, extra) };
}

export async function startServer(world: Omit<World, 'server'>, extra: Partial<SignalsOptions> = {}): Promise<Server> {
  const { folder, engine, clock, events } = world;
  const db = await openDatabase({ path: path.join(folder, 'belay.db') });
  const telemetry = createTelemetryStore({ engine, clock, log });
  const signals = createSignals({
    db,
    engine,
    reader: telemetry.reader,
    clock,
    log,
    bus: { publish: (event) => void events.push(event) },
    written: {},
    defaults: { tolerance: 0.02, prometheus: [] },
    hasStarterSet: true,
    periodMs: 3_600_000,
    ...extra,
  });
  const app = createHttpServer({
    log,
    clock,
    authenticate: () => ({
      kind: 'person',
      name: 'ann',
      via: 'api',
      tokenId: 'tok_1',
      scopes: ['admin'],
      signal: new AbortController().signal,
    }),
    requestsPerMinute: 1_000_000,
    validatesResponses: true,
  });
  await app.register(async (scoped) => signals.routes(scoped));
  await signals.start();
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const close = async (): Promise<void> => {
    await app.close();
    await signals.close();
    await telemetry.close();
    await closeDatabase(db);
  };
  return { db, telemetry, signals, url, close };
}

export async function stopWorld({ server, engine, folder }: World): Promise<void> {
  await server.close();
  await engine.close();
  await rm(folder, { recursive: true, force: true });
}

export interface SpansWritten {
  readonly service: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Spans a slot of five minutes. */
  readonly perSlot: number;
  /** Middle of the durations, ms. */
  readonly ms: number;
  /** One in this many fails. */
  readonly failOneIn?: number;
  readonly version?: string;
}

/** Spans of units with a daily season, always the same for the same question; all of them arrive now. */
export async function writeSpans({ engine, server, clock }: World, spans: SpansWritten): Promise<void> {
  const { service, fromMs, toMs, perSlot, ms, failOneIn = 100, version = '' } = spans;
  const slots = Math.round((toMs - fromMs) / 300_000);
  // The tables are made by the first question.
  await server.telemetry.reader.rows('SELECT 1', { name: 'test.prepare' });
  await engine.client.command({
    query: `INSERT INTO spans (_in, _req, ts, service, version, name, kind, duration_ns, is_unit, is_error)
      WITH ${Math.floor(fromMs / 1000)} + intDiv(number, ${perSlot}) * 300 + (number % ${perSlot}) * ${Math.floor(290 / perSlot)} AS second,
        (cityHash64(second, number, 1) % 10000) / 10000 + (cityHash64(second, number, 2) % 10000) / 10000 - 1 AS noise
      SELECT toDateTime(${Math.floor(clock.now() / 1000)}, 'UTC'), number, toDateTime64(second, 9, 'UTC'), '${service}', '${version}', 'GET /', 2,
        toUInt64(1e6 * ${ms} * exp(0.3 * noise + 0.2 * sin(second / 86400 * 2 * pi()))), 1,
        cityHash64(second, number, 3) % ${failOneIn} = 0
      FROM numbers(${slots * perSlot})`,
  });
}

export interface Answer {
  readonly status: number;
  // Tests look into answers of all kinds.
  readonly body: Record<string, unknown>;
  readonly etag: string | null;
}

export async function call(
  world: World,
  method: string,
  address: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const answer = await fetch(world.server.url + address, {
    method,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const document = (await answer.json()) as Record<string, unknown>;
  if (answer.status >= 400) problem.parse(document);
  return { status: answer.status, body: document, etag: answer.headers.get('etag') };
}
