import { createRequire } from 'node:module';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A service with one JSON route, alone or with one SDK in it. Run with `<sdk> <framework> <sink url>`. It reports its
 * port, then its own CPU time and memory whenever it is asked.
 */
const [sdk = '', framework = '', sink = ''] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const startedAt = process.cpuUsage();
const isOn = await startSdk();
const startCpuMs = milliseconds(process.cpuUsage(startedAt));
const server = framework === 'fastify' ? await startFastify() : startExpress();
server.listen(0, '127.0.0.1', () => {
  const { port } = addressOf(server);
  process.send?.({ port, startCpuMs });
});
process.on('message', () => {
  process.send?.({ cpuMs: milliseconds(process.cpuUsage()), rssMb: process.memoryUsage.rss() / 2 ** 20 });
});
process.on('disconnect', () => process.exit(0));

/** Starts the SDK under test, before any framework is loaded, and gives the decision that the route asks for. */
async function startSdk(): Promise<(user: string) => boolean> {
  if (sdk === 'belay') {
    const { belay } = await import('@belay/node');
    const flags = belay.start({ url: sink, key: 'bench', service: 'bench', snapshotFile: false });
    if (!(await flags.ready())) throw new TypeError('the benchmark has flags');
    return (user) => flags.on('checkout.v2', { key: user });
  }
  // The others are preloaded, as their documentation says.
  return (user) => user.length % 2 === 0;
}

function startExpress(): Server {
  const express = require('express');
  const app = express();
  app.get('/items/:id', (request: { headers: Record<string, string> }, response: { json(body: object): void }) => {
    response.json({ id: 1, isNew: isOn(request.headers['x-user'] ?? '') });
  });
  if (sdk === 'sentry') require('@sentry/node').setupExpressErrorHandler(app);
  const listener: RequestListener = app;
  return createServer(listener);
}

async function startFastify(): Promise<Server> {
  const app = require('fastify')();
  app.get('/items/:id', (request: { headers: Record<string, string> }) => ({
    id: 1,
    isNew: isOn(request.headers['x-user'] ?? ''),
  }));
  if (sdk === 'sentry') require('@sentry/node').setupFastifyErrorHandler?.(app);
  await app.ready();
  return app.server;
}

function addressOf(listening: Server): AddressInfo {
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new TypeError('the server listens on a port');
  return address;
}

function milliseconds({ user, system }: NodeJS.CpuUsage): number {
  return (user + system) / 1000;
}
