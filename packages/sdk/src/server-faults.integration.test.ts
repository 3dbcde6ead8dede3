import { type ServerResponse, createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Testbed, listen, startTestbed, testDefinitions } from './belay-testbed.ts';
import { readSettings } from './settings.ts';
import { startFlags } from './start-flags.ts';
import type { AnyFlags, Flags, StartOptions } from './types.ts';
import { createWarningLog } from './warning-log.ts';

let bed: Testbed;
let open: Flags<AnyFlags>[] = [];
const unhandled: unknown[] = [];
const noteUnhandled = (reason: unknown): void => void unhandled.push(reason);

beforeEach(async () => {
  bed = await startTestbed();
  process.on('unhandledRejection', noteUnhandled);
});

afterEach(async () => {
  await Promise.all(open.map((flags) => flags.close({ timeoutMs: 50 })));
  open = [];
  await bed.close();
  process.off('unhandledRejection', noteUnhandled);
  expect(unhandled).toEqual([]);
});

function start(options: StartOptions<AnyFlags> = {}): Flags<AnyFlags> {
  const given = { url: bed.url, key: 'token', service: 'shop', instance: 'i-1', snapshotFile: false } as const;
  const { settings } = readSettings({ ...given, ...options }, {});
  const flags = startFlags({ settings, warnings: createWarningLog(() => {}), random: () => 0.5 });
  open.push(flags);
  return flags;
}

function changed(flags: Flags<AnyFlags>, revision: number): Promise<void> {
  return new Promise((resolve) => {
    if (flags.status().revision === revision) return resolve();
    const stop = flags.subscribe((change) => {
      if (change.kind !== 'changed' || change.revision !== revision) return;
      stop();
      resolve();
    });
  });
}

describe('a server that misbehaves', () => {
  const endless = (response: ServerResponse, head: string): void => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(head);
    const block = 'x'.repeat(65_536);
    const push = (): void => {
      while (!response.destroyed && response.write(block));
      if (!response.destroyed) response.once('drain', push);
    };
    push();
  };
  const wholeServer = ['/api', '/v1'];

  it.each<{ what: string; fault: Parameters<Testbed['break']>[1] }>([
    { what: 'answers 500 to everything', fault: (_request, response) => response.writeHead(500).end('no') },
    {
      what: 'answers with a page',
      fault: (_request, response) => response.setHeader('content-type', 'text/html').end('<!doctype html><p>hello'),
    },
    { what: 'hangs', fault: () => {} },
    { what: 'cuts every connection', fault: (request) => request.socket.destroy() },
    {
      what: 'breaks off within an answer',
      fault: (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/event-stream', 'content-length': '1000' });
        response.write('event: snapshot\ndata: {"revision": 1, "defin');
        setImmediate(() => response.destroy());
      },
    },
    { what: 'sends without end', fault: (_request, response) => endless(response, 'event: snapshot\ndata: ') },
    {
      what: 'sends wrong types',
      fault: (_request, response) =>
        response
          .writeHead(200, { 'content-type': 'text/event-stream' })
          .end(
            'event: snapshot\ndata: {"revision":"new","definitions":[],"rollouts":7}\n\nevent: lease\ndata: null\n\n',
          ),
    },
    { what: 'speaks another protocol', fault: (request) => request.socket.end('SSH-2.0-nonsense\r\n') },
  ])('that $what leaves the application as it was', async ({ fault }) => {
    for (const prefix of wholeServer) bed.break(prefix, fault);
    const flags = start({ bootstrap: testDefinitions, maxSnapshotBytes: 100_000 });
    const app = createServer((_request, response) => {
      response.end(flags.value('greeting', { key: 'ann' }, 'none') === 'hello' ? 'hello' : 'something else');
    });
    const port = await listen(app);
    await bed.until(() => bed.received.length > 0);
    for (let request = 0; request < 50; request += 1) {
      const answer = await fetch(`http://127.0.0.1:${port}/`);
      expect([answer.status, await answer.text()]).toEqual([200, 'hello']);
    }
    expect(await flags.ready({ timeoutMs: 20 })).toBe(true);
    expect(flags.status()).toMatchObject({ source: 'bootstrap', connected: false });
    await flags.close({ timeoutMs: 50 });
    await new Promise((resolve) => {
      app.close(resolve);
      app.closeAllConnections();
    });
  });

  it('by staying silent on an open stream is left for a new one', async () => {
    const flags = start({ heartbeatMs: 100 });
    await flags.ready();
    // Bytes without an end of line are no sign of life.
    await bed.until(() => bed.received.filter(({ path: place }) => place.includes('/stream/')).length >= 2);
    expect(flags.status().warnings.some((warning) => warning.includes('nothing came for 300 ms'))).toBe(true);
  });

  it('by dying is found again when it is back', async () => {
    const flags = start();
    await flags.ready();
    const back = new Promise<void>((resolve) => {
      flags.subscribe(({ kind }) => (kind === 'connected' ? resolve() : undefined));
    });
    bed.cut();
    bed.publish(2);
    await back;
    await changed(flags, 2);
    expect(flags.status()).toMatchObject({ connected: true, revision: 2 });
  });
});
