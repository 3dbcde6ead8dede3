import { Agent, type RequestListener, Server, createServer, request as httpRequest } from 'node:http';
import { type ServerType, serve } from '@hono/node-server';
import { decodeOtlpRequest, type OutcomeRow } from '@belay/wire';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import Koa from 'koa';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Testbed, listen, portOf, startTestbed } from './belay-testbed.ts';
import { belayExpress } from './express.ts';
import { belayFastify } from './fastify.ts';
import { belayHono } from './hono.ts';
import { belayKoa } from './koa.ts';
import { readSettings } from './settings.ts';
import { startFlags } from './start-flags.ts';
import type { AnyFlags, Flags } from './types.ts';
import { currentUnit } from './unit-scope.ts';
import { createWarningLog } from './warning-log.ts';

const header = 'x-user';
const connections = 25;
const requests = 2000;
let bed: Testbed;
let flags: Flags<AnyFlags>;

beforeEach(async () => {
  bed = await startTestbed();
  bed.publish(1, [{ rolloutId: 'r1', share: 500_000 }]);
  const { settings } = readSettings({ url: bed.url, key: 'k', service: 's', instance: 'i', snapshotFile: false }, {});
  flags = startFlags({ settings, warnings: createWarningLog(() => {}) });
  await flags.ready();
});

afterEach(async () => {
  await flags.close();
  await bed.close();
});

function outcomeRows(): OutcomeRow[] {
  return bed.received
    .filter(({ path }) => path === '/v1/metrics')
    .flatMap(
      ({ body }) => decodeOtlpRequest(Buffer.from(body), { signal: 'metrics', encoding: 'json' }).batch.outcomes,
    );
}

function total(field: 'units' | 'errors' | 'exposures'): number {
  return outcomeRows().reduce((sum, row) => sum + row[field], 0);
}

function call(
  port: number,
  options: { agent?: Agent; method: string; user: string; path?: string },
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      {
        port,
        host: '127.0.0.1',
        path: '/items/12',
        headers: { [header]: options.user, 'content-type': 'application/json' },
        ...options,
      },
      (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(options.method === 'POST' ? JSON.stringify({ user: options.user }) : undefined);
  });
}

/** What the handler says about the unit it runs in, before and after it waited. */
async function witness(user: string): Promise<{ user: string; wrong: boolean; route: string | undefined }> {
  const before = currentUnit();
  // No context: the unit knows whose request it is.
  flags.on('checkout.v2');
  await new Promise((resolve) => setImmediate(resolve));
  await Promise.resolve();
  const after = currentUnit();
  const wrong = before === undefined || before !== after || before.keyOf?.() !== user;
  return { user, wrong, route: after?.describe?.() };
}

const frameworks: Readonly<Record<string, () => Promise<{ server: Server; route: string }>>> = {
  'Express 5': async () => {
    const app = express();
    app.use(belayExpress({ key: (request) => String(request.headers[header]) }));
    app.use(express.json());
    app.all('/items/:id', (request, response) =>
      witness(String(request.headers[header])).then((seen) => response.json(seen)),
    );
    const server = createServer(app);
    await listen(server);
    return { server, route: '/items/:id' };
  },
  'Fastify 5': async () => {
    const app = fastify();
    belayFastify(app, { key: (request) => String(request.headers[header]) });
    app.all('/items/:id', (request) => witness(String(request.headers[header])));
    await app.listen({ port: 0, host: '127.0.0.1' });
    return { server: app.server, route: '/items/:id' };
  },
  Hono: async () => {
    const app = new Hono();
    app.use(belayHono({ key: (context) => context.req.header(header) }));
    app.all('/items/:id', async (context) => context.json(await witness(context.req.header(header) ?? '')));
    const server = await new Promise<ServerType>((resolve) => {
      const started = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }, () => resolve(started));
    });
    if (!(server instanceof Server)) expect.fail('Hono listens with an HTTP/1 server');
    return { server, route: '/items/:id' };
  },
  Koa: async () => {
    const app = new Koa();
    app.use(belayKoa({ key: (context) => context.get(header) }));
    app.use(async (context) => {
      Object.assign(context, { _matchedRoute: '/items/:id' });
      context.body = await witness(context.get(header));
    });
    const server = createServer(app.callback());
    await listen(server);
    return { server, route: '/items/:id' };
  },
};

describe.each(Object.entries(frameworks))('%s', (_name, start) => {
  it('has the right unit in every handler over 25 keep-alive connections', async () => {
    const { server, route } = await start();
    const port = portOf(server);
    const agent = new Agent({ keepAlive: true, maxSockets: connections });
    const answers: { user: string; wrong: boolean; route: string }[] = [];
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < requests) {
        const index = next;
        next += 1;
        const user = `user-${index % 500}`;
        const { body } = await call(port, { agent, method: index % 2 === 0 ? 'GET' : 'POST', user });
        answers.push({ ...JSON.parse(body), wanted: user });
      }
    };
    await Promise.all(Array.from({ length: connections }, worker));
    agent.destroy();
    await new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
    await flags.close();
    expect(answers.filter((answer) => answer.wrong)).toEqual([]);
    expect(new Set(answers.map((answer) => answer.route.split(' ')[1]))).toEqual(new Set([route]));
    expect([total('units'), total('errors'), total('exposures')]).toEqual([requests, 0, 500]);
  });
});

describe('a request', () => {
  async function endOf(
    listener: RequestListener,
    act: (port: number) => Promise<unknown>,
  ): Promise<{ units: number; errors: number }> {
    const server = createServer(listener);
    const port = await listen(server);
    await act(port).catch(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    await flags.close();
    return { units: total('units'), errors: total('errors') };
  }
  const read = (): boolean => flags.on('checkout.v2', { key: 'ann' });

  it.each([
    { status: 200, errors: 0 },
    { status: 404, errors: 0 },
    { status: 500, errors: 1 },
    { status: 503, errors: 1 },
  ])('answered with $status counts $errors failures', async ({ status, errors }) => {
    const ended = await endOf(
      (_request, response) => {
        read();
        response.writeHead(status).end();
      },
      (port) => call(port, { method: 'GET', user: 'ann' }),
    );
    expect(ended).toEqual({ units: 1, errors });
  });

  it('that this side cuts off is a failure', async () => {
    const ended = await endOf(
      (_request, response) => {
        read();
        response.write('part');
        setImmediate(() => response.destroy());
      },
      (port) => call(port, { method: 'GET', user: 'ann' }),
    );
    expect(ended).toEqual({ units: 1, errors: 1 });
  });

  it('that the client gives up is a unit without a failure', async () => {
    let gone: () => void;
    const left = new Promise<void>((resolve) => (gone = resolve));
    const ended = await endOf(
      (request, response) => {
        read();
        response.on('close', () => gone());
        response.write('part');
        setImmediate(() => request.socket.emit('drain'));
      },
      async (port) => {
        const sent = httpRequest({ port, host: '127.0.0.1' });
        sent.on('error', () => undefined);
        sent.on('response', () => sent.destroy());
        sent.end();
        await left;
      },
    );
    expect(ended).toEqual({ units: 1, errors: 0 });
  });

  it('that reads no flag is not counted', async () => {
    const ended = await endOf(
      (_request, response) => void response.end(),
      (port) => call(port, { method: 'GET', user: 'ann' }),
    );
    expect(ended).toEqual({ units: 0, errors: 0 });
  });

  it('that reads a flag without a rollout is counted as the past of that flag', async () => {
    const ended = await endOf(
      (_request, response) => {
        flags.value('greeting', { key: 'ann' }, 'x');
        response.end();
      },
      (port) => call(port, { method: 'GET', user: 'ann' }),
    );
    expect(ended).toEqual({ units: 1, errors: 0 });
  });
});
