import type { LiveEvent, Problem } from '@belay/protocol';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { evidenceOf, flagsAt, overviewOf, plan, statusAt, tokensAt } from './fixtures/place-fixtures.ts';
import { careValue } from './fixtures/care-answers.ts';
import { telemetryValue } from './fixtures/telemetry-answers.ts';
import { heldRollout, keptRollout, rolledBackRollout, runningRollout, seriesOf } from './fixtures/rollout-fixtures.ts';

const dist = path.resolve(import.meta.dirname, '../../packages/web/dist');
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

export interface FixtureServer {
  readonly url: string;
  /** Every write that arrived, as `POST /path body`. */
  readonly writes: readonly string[];
  /** Changes what the next answers say. */
  readonly set: (change: Partial<FixtureState>) => void;
  readonly send: (event: LiveEvent) => void;
  readonly close: () => Promise<void>;
}

interface FixtureState {
  isSignedIn: boolean;
  isEmpty: boolean;
  heartbeats: boolean;
  rolledBack: boolean;
  instancesConfirmed: number;
  failing: string | null;
  resolved: Set<string>;
}

/**
 * Serves the built dashboard with answers made up from the protocol's types, so that rare states (held for a bad split,
 * a silent stream, a refused call) can be looked at whenever wanted. The real server has its own tests.
 */
export async function startFixtureServer(): Promise<FixtureServer> {
  const state: FixtureState = {
    isSignedIn: true,
    isEmpty: false,
    heartbeats: true,
    rolledBack: false,
    instancesConfirmed: 0,
    failing: null,
    resolved: new Set(),
  };
  const streams = new Set<ServerResponse>();
  const writes: string[] = [];
  let eventId = 0;
  const send = (event: LiveEvent): void => {
    eventId += 1;
    for (const stream of streams) stream.write(`id: ${eventId}\ndata: ${JSON.stringify(event)}\n\n`);
  };
  const beat = setInterval(() => {
    if (state.heartbeats) send({ type: 'heartbeat', at: Date.now(), dataAgeMs: 900 });
  }, 500);
  const server = createServer((request, response) => {
    void answer(request, response).catch((error: unknown) => {
      response.writeHead(500).end(String(error));
    });
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://localhost');
    if (!url.pathname.startsWith('/api/')) return serveFile(url.pathname, response);
    const body = await bodyOf(request);
    if (request.method !== 'GET') writes.push(`${request.method} ${url.pathname} ${body}`);
    if (url.pathname === '/api/v1/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      streams.add(response);
      request.on('close', () => streams.delete(response));
      send({ type: 'heartbeat', at: Date.now(), dataAgeMs: 900 });
      return;
    }
    if (state.failing !== null && url.pathname.includes(state.failing))
      return refuse(response, 503, 'telemetry.unavailable');
    const value = valueOf(`${request.method} ${url.pathname.slice('/api/v1/'.length)}`, url, body);
    if (value === undefined)
      return refuse(response, state.isSignedIn ? 404 : 401, state.isSignedIn ? 'not-found' : 'access.unauthenticated');
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value));
  }

  function valueOf(call: string, url: URL, body: string): unknown {
    const now = Date.now();
    const rollouts = state.isEmpty ? [] : [running(now), rolledBackRollout(now), heldRollout(now), keptRollout(now)];
    const rollout = rollouts.find((one) => url.pathname.includes(one.id));
    if (call === 'POST session') state.isSignedIn = true;
    if (call === 'POST setup') return { secret: `blt_${'s'.repeat(43)}` };
    if (call.endsWith(' session'))
      return state.isSignedIn ? { name: 'Mira', scopes: ['admin'], setUp: true } : undefined;
    if (!state.isSignedIn) return undefined;
    const told = telemetryValue(call, url, body, state) ?? careValue(call, url, state);
    if (told !== undefined) return told;
    if (call.endsWith('/series')) return rollout && seriesOf(rollout, url.searchParams.get('guard') ?? '', now);
    if (call.endsWith('/evidence')) return rollout && evidenceOf(rollout);
    if (call.endsWith('/replay'))
      return {
        rolloutId: rollout?.id,
        agrees: true,
        blocks: 1357,
        decisions: 4,
        firstDifference: null,
        stateHash: 'f3',
      };
    if (call === 'POST rollouts/plan') return { ...plan, flagKey: (JSON.parse(body) as { flag: string }).flag };
    if (call.endsWith('/rollback')) state.rolledBack = true;
    if (call === 'POST rollouts' || call.endsWith('/rollback')) return running(now);
    if (call.startsWith('POST rollouts/') || call.startsWith('GET rollouts/')) return rollout;
    const status = url.searchParams.get('status');
    if (call === 'GET rollouts')
      return { items: rollouts.filter((one) => status === null || one.status === status), next: null };
    if (call === 'GET changes') return { items: rollouts.flatMap((one) => one.happened).slice(0, 12), next: null };
    if (call.endsWith(' overview') || call.endsWith(' freeze'))
      return {
        ...overviewOf(rollouts, now),
        ...(state.isEmpty ? { signals: [], whenYouHaveAMinute: [], services: [] } : {}),
      };
    if (call === 'GET status') return statusAt(now);
    if (call === 'GET tokens') return { items: tokensAt(now), next: null };
    if (call === 'POST tokens') return { ...tokensAt(now)[1], name: 'new', secret: `blt_${'x'.repeat(43)}` };
    if (call.startsWith('DELETE tokens/')) return {};
    return flagValue(call, url, body, now);
  }

  function flagValue(call: string, url: URL, body: string, now: number): unknown {
    const flags = state.isEmpty ? [] : flagsAt(now);
    if (call === 'GET flags') return { items: flags, next: null };
    if (call.endsWith('/try')) {
      const { contexts } = JSON.parse(body) as { contexts: unknown[] };
      return {
        results: contexts.map((_, index) => ({
          variant: index === 0 ? 'on' : 'off',
          value: index === 0,
          reason: 'SPLIT',
          why: 'The split puts this user there.',
          arm: 'randomised',
          errorCode: null,
        })),
      };
    }
    const key = decodeURIComponent(url.pathname.slice('/api/v1/flags/'.length));
    const found = flags.find((one) => one.key === key);
    if (call.startsWith('PUT ')) return { ...(found ?? flags[1]), key, ...(JSON.parse(body) as object) };
    return found;
  }

  function running(now: number) {
    const rollout = runningRollout(now);
    if (!state.rolledBack) return rollout;
    const isDone = state.instancesConfirmed >= 6;
    return {
      ...rolledBackRollout(now),
      id: rollout.id,
      number: rollout.number,
      endedAt: now - 1000,
      undo: {
        ...rollout.undo,
        ms: isDone ? 1800 : null,
        measuredAt: isDone ? now : null,
        instancesConfirmed: state.instancesConfirmed,
      },
    };
  }

  await new Promise<void>((resolve) => server.listen(Number(process.env['PORT'] ?? 0), '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    writes,
    set: (change) => Object.assign(state, change),
    send,
    async close() {
      clearInterval(beat);
      for (const stream of streams) stream.end();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function serveFile(pathname: string, response: ServerResponse): Promise<void> {
  const isFile = pathname.startsWith('/assets/') || pathname === '/theme.js' || pathname === '/favicon.svg';
  const name = isFile ? pathname : '/index.html';
  const content = await readFile(path.join(dist, path.normalize(name))).catch(() => null);
  if (content === null) return void response.writeHead(404).end();
  response
    .writeHead(200, {
      'content-type': types[path.extname(name)] ?? 'application/octet-stream',
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; connect-src 'self'",
    })
    .end(content);
}

function refuse(response: ServerResponse, status: number, code: string): void {
  const problem: Problem = {
    type: `https://belay.invalid/errors/${code}`,
    title: code,
    status,
    detail: status === 401 ? 'Nobody is signed in.' : 'The telemetry store does not answer.',
    instance: '/',
    code,
    hint: 'Try again in a moment.',
    requestId: 'req_fixture',
  };
  response.writeHead(status, { 'content-type': 'application/problem+json' }).end(JSON.stringify(problem));
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
