import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { bucketIndexOf, type Side } from '@belay/core';
import type { Policy } from '@belay/core/rollout';
import type { LiveEvent } from '@belay/protocol';
import type { OutcomeRow } from '@belay/wire';
import type { FastifyInstance } from 'fastify';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { createHttpServer } from '../../platform/http/http-server.ts';
import { createLog } from '../../platform/log/log.ts';
import { closeDatabase, openDatabase, type Database } from '../../platform/sqlite/database.ts';
import { createFlags, type Flags } from '../flags/api.ts';
import { createTelemetryStore, rowsOfBatch, type TelemetryStore } from '../telemetry/api.ts';
import { createChanges, newestJudgedSecond, type Changes, type OutsideGuard } from './api.ts';

/** A judging server over real HTTP, SQLite and embedded ClickHouse, with a clock that is turned by hand. */
export interface World {
  /** Golden paths that guard the flag; a test changes it. */
  readonly outsideGuards: OutsideGuard[];
  readonly folder: string;
  readonly engine: TelemetryEngine;
  readonly clock: TestClock;
  readonly events: LiveEvent[];
  /** The parts that a crash takes away and a restart opens again. */
  server: Server;
}

export interface Server {
  readonly db: Database;
  readonly flags: Flags;
  readonly telemetry: TelemetryStore;
  readonly changes: Changes;
  readonly app: FastifyInstance;
  readonly url: string;
}

export interface TestClock {
  now(): number;
  advance(ms: number): void;
}

export const policy: Policy = {
  profile: 'fast',
  environment: 'development',
  freeze: [],
  cooldown: null,
  maxAttempts: 3,
  falseRollback: 0.01,
  warnAt: 10,
  leaseMs: 6000,
  minimumSoakMs: 0,
};

export const plan = {
  title: 'New checkout',
  flag: 'checkout',
  component: 'shop',
  profile: 'fast',
  stages: [
    { to: '10%', soak: '20s', min: 100 },
    { to: '50%', soak: '20s', min: 100 },
    { to: '100%', soak: '0s' },
  ],
  guards: [{ signal: 'http.errors', worse_by: '0.5pp' }, { signal: 'http.latency' }],
  no_data: { grace: '5s', then: 'hold' },
};

const log = createLog({ level: 'error' });

/** Opens a fresh folder with its own engine; end it with {@link stopWorld}. */
export async function startWorld(): Promise<World> {
  const folder = await mkdtemp(path.join(tmpdir(), 'belay-changes-'));
  let time = Math.ceil(Date.now() / 1000) * 1000;
  const clock = { now: () => time, advance: (ms: number) => void (time += ms) };
  const engine = createTelemetryEngine({ dataDir: folder, log, clock });
  await engine.whenReady(60_000);
  const events: LiveEvent[] = [];
  const outsideGuards: OutsideGuard[] = [];
  const server = await startServer({ folder, engine, clock, events, outsideGuards });
  const definition = { state: 'ENABLED', variants: { on: true, off: false }, defaultVariant: 'off' };
  const world = { folder, engine, clock, events, outsideGuards, server };
  await call(world, 'PUT', '/api/v1/flags/checkout', { definition }, { 'if-none-match': '*' });
  return world;
}

/** What a new process does on the data of the one before. */
export async function startServer(world: Omit<World, 'server'>): Promise<Server> {
  const { folder, engine, clock, events, outsideGuards } = world;
  const db = await openDatabase({ path: path.join(folder, 'belay.db') });
  const telemetry = createTelemetryStore({ engine, clock, log, notBeforeSecond: await newestJudgedSecond(db) });
  const bus = { publish: (event: LiveEvent) => void events.push(event) };
  const flags = await createFlags({ db, clock, log, bus, leasesGranted: () => [] });
  const changes = createChanges({
    db,
    clock,
    log,
    flags,
    telemetry,
    policy,
    bus,
    outsideGuards: () => outsideGuards,
    timezone: 'UTC',
    periodMs: 3_600_000,
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
  await app.register(flags.routes);
  await app.register(changes.routes);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  await changes.loop.start();
  return { db, flags, telemetry, changes, app, url };
}

export async function stopServer({ db, flags, telemetry, changes, app }: Server): Promise<void> {
  await changes.close();
  await flags.close();
  app.server.closeAllConnections();
  await app.close();
  await telemetry.close();
  await closeDatabase(db);
}

export async function stopWorld(world: World): Promise<void> {
  await stopServer(world.server);
  await world.engine.close();
  await rm(world.folder, { recursive: true, force: true });
}

// oxlint-disable-next-line max-params -- reads like an HTTP request: method, address, body, headers
export async function call<T = Record<string, unknown>>(
  world: Pick<World, 'server'>,
  method: string,
  address: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly body: T }> {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  const response = await fetch(world.server.url + address, {
    method,
    headers: { ...json, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}

/** One second of traffic as all instances together report it. */
export interface Traffic {
  readonly rolloutId: string;
  readonly canary: { readonly units: number; readonly errors: number };
  readonly control: { readonly units: number; readonly errors: number };
}

/** Stores one second of outcomes, lets the second close, and runs one round of the control loop. */
export async function second(world: World, traffic: Traffic | null): Promise<void> {
  const { telemetry, changes, flags } = world.server;
  if (traffic !== null) {
    const outcomes = [
      row(traffic, 'canary', flags.revision(), world.clock),
      row(traffic, 'control', flags.revision(), world.clock),
    ];
    hash += 1n;
    await telemetry.write(rowsOfBatch({ outcomes, evaluations: [], spans: [], logs: [] }), { hash, bytes: 1000 });
  }
  world.clock.advance(1000);
  await changes.loop.tick();
}

let hash = BigInt(Date.now()) << 20n;

function row({ rolloutId, ...sides }: Traffic, side: Side, revision: number, clock: TestClock): OutcomeRow {
  const { units, errors } = sides[side];
  return {
    resource: {
      service: 'shop',
      instance: 'shop-1',
      sdk: 'belay',
      sdkVersion: '0.1.0',
      sentAtMs: clock.now(),
      version: '',
      environment: '',
      attributes: [],
    },
    timeMs: clock.now(),
    flagKey: 'checkout',
    revision,
    variant: side === 'canary' ? 'on' : 'off',
    arm: 'randomised',
    side,
    rolloutId,
    group: side === 'canary' ? -1 : Number(hash % 32n),
    units,
    errors,
    exposures: units,
    distinctBad: errors,
    valueName: '',
    histogram: new Map([[bucketIndexOf(20), units]]),
  };
}
