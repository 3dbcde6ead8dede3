import { BelayError } from '@belay/core';
import type { RolloutOverlay } from '@belay/core/flag';
import type { LiveEvent } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import { expect } from 'vitest';
import { z } from 'zod';
import { createHttpServer } from '../../platform/http/http-server.ts';
import type { Principal } from '../../platform/http/principal.ts';
import { createLog } from '../../platform/log/log.ts';
import { closeDatabase, openDatabase, transaction } from '../../platform/sqlite/database.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import { createFlags } from './api.ts';
import type { Flags } from './api.ts';

/** One server with flags only, on a port of its own. */
export interface World {
  readonly db: Database;
  readonly flags: Flags;
  readonly app: FastifyInstance;
  readonly url: string;
  readonly events: LiveEvent[];
  readonly leases: Set<string>;
}

/** Ends a world and everything it opened. */
export async function stop({ app, flags, db }: World): Promise<void> {
  await flags.close();
  app.server.closeAllConnections();
  await app.close();
  await closeDatabase(db);
}

export const definition = {
  state: 'ENABLED' as const,
  variants: { old: 'v1', new: 'v2' },
  defaultVariant: 'old',
  targeting: { if: [{ '==': [{ var: 'staff' }, true] }, 'new', null] },
};
export const overlay: RolloutOverlay = {
  rolloutId: 'rol_1',
  attempt: 1,
  flagKey: 'checkout',
  controlVariant: 'old',
  canaryVariant: 'new',
  share: 1_000_000,
  seed: 's:',
  bucketing: 'flagd-v2',
  leaseMs: 60_000,
};
export const actor = { kind: 'person', name: 'ann', via: 'api' } as const;

const log = createLog({ level: 'error' });
const clock = { now: () => Date.now() };
export const quiet = { log, clock, bus: { publish: () => undefined } };

export async function start(more: { ofrepPerMinute?: number } = {}): Promise<World> {
  const db = await openDatabase({ path: ':memory:' });
  const events: LiveEvent[] = [];
  const leases = new Set<string>();
  const flags = await createFlags({
    ...more,
    db,
    log,
    clock,
    bus: { publish: (event) => events.push(event) },
    leasesGranted: () => [...leases],
    leaseEveryMs: 20,
  });
  const everything: Principal = {
    ...actor,
    tokenId: 'tok_1',
    scopes: ['admin'],
    signal: new AbortController().signal,
  };
  const app = createHttpServer({
    log,
    clock,
    authenticate: () => everything,
    requestsPerMinute: 1_000_000,
    validatesResponses: true,
  });
  await app.register(flags.routes);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const world = { db, flags, app, url, events, leases };
  return world;
}

// oxlint-disable-next-line max-params -- reads like an HTTP request: method, address, body, headers
export async function call(
  { url }: World,
  method: string,
  path: string,
  body?: object,
  headers: Record<string, string> = {},
): Promise<Response> {
  const json = body === undefined ? {} : { 'content-type': 'application/json' };
  return fetch(url + path, {
    method,
    headers: { ...json, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

export async function put(
  world: World,
  body: object,
  headers: Record<string, string> = { 'if-none-match': '*' },
): Promise<Response> {
  return call(world, 'PUT', '/api/v1/flags/checkout', body, headers);
}

export async function roll(world: World, over: RolloutOverlay): Promise<void> {
  const revision = await transaction(world.db, (trx) => world.flags.putOverlay(trx, over));
  await published(world, revision);
}

export async function published(world: World, revision: number): Promise<void> {
  world.flags.publish();
  await expect.poll(() => world.flags.revision()).toBe(revision);
}

/** The fields of answers that these tests look at. */
const answer = z.looseObject({
  code: z.string().optional(),
  whoGetsWhat: z.string().optional(),
  issues: z.array(z.looseObject({ path: z.string() })).optional(),
  results: z.array(z.unknown()).optional(),
  flags: z.array(z.unknown()).optional(),
  eventStreams: z.array(z.object({ endpoint: z.object({ requestUri: z.string() }) })).optional(),
});

export async function jsonOf(response: Response): Promise<z.infer<typeof answer>> {
  return answer.parse(await response.json());
}

export interface Stream {
  next(event: string): Promise<{ readonly data: unknown }>;
  close(): void;
}

export async function openStream({ url }: World, path: string): Promise<Stream> {
  const stop = new AbortController();
  const response = await fetch(url + path, { signal: stop.signal });
  expect(response.headers.get('content-type')).toContain('text/event-stream');
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = '';
  return {
    async next(wanted) {
      for (;;) {
        const end = buffer.indexOf('\n\n');
        if (end === -1) {
          const read = await reader?.read();
          if (read?.done !== false) throw new BelayError('request.malformed', 'the stream ended');
          buffer += read.value;
          continue;
        }
        const block = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        const name = /^event: (.*)$/m.exec(block)?.[1] ?? 'message';
        const data = /^data: (.*)$/m.exec(block)?.[1];
        if (name === wanted && data !== undefined) return { data: JSON.parse(data) };
      }
    },
    close: () => stop.abort(),
  };
}
