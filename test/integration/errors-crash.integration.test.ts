import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { createClient, type Client } from '@belay/client';
import { afterAll, expect, test } from 'vitest';
import { storedRows } from './stored-rows.ts';
import { until } from './until.ts';

const KILLS = Number(process.env['BELAY_TEST_KILLS'] ?? 8);
const CLIENTS = 4;
const ENTRY = path.join(import.meta.dirname, 'server-process.ts');
const cwd = mkdtempSync(path.join(tmpdir(), 'belay-errors-crash-'));
let child: ChildProcess | undefined;

afterAll(async () => {
  if (child !== undefined) await kill(child);
  rmSync(cwd, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
});

test(
  'events that were acknowledged are counted once, wherever the server is killed',
  { timeout: 300_000 },
  async () => {
    let server = await boot();
    const { dsn, project } = await server.client.call('sentryKeyCreate', { body: { service: 'shop' } });
    const address = `/api/${project}/envelope/?sentry_key=${new URL(dsn).username}`;
    const stop = new AbortController();
    let acknowledged = 0;
    const clients = Array.from({ length: CLIENTS }, async () => {
      while (!stop.signal.aborted) {
        const body = envelope();
        // An SDK that hears nothing sends the same bytes again.
        while (!(await isStored(() => `${server.url}${address}`, body))) await delay(20);
        acknowledged += 1;
      }
    });
    for (let round = 0; round < KILLS; round += 1) {
      await delay(300 + ((round * 137) % 900));
      if (child !== undefined) await kill(child);
      server = await boot();
    }
    stop.abort();
    await Promise.all(clients);
    const counted = await until(async () => {
      const { items } = await server.client.call('issueList', {
        query: { state: 'all', sort: 'last-seen', limit: 10 },
      });
      return items[0]?.eventsTotal === acknowledged ? items : undefined;
    });
    expect(counted).toHaveLength(1);
    const [stored] = await storedRows(
      path.join(cwd, '.belay'),
      'SELECT count() AS events, uniqExact(event_id) AS ids FROM error_events',
    );
    expect(stored).toEqual({ events: acknowledged, ids: acknowledged });
    expect(acknowledged).toBeGreaterThan(KILLS);
  },
);

function envelope(): string {
  const frames = [{ filename: '/app/src/a.ts', function: 'a', lineno: 1, in_app: true }];
  const event = {
    event_id: randomUUID().replaceAll('-', ''),
    platform: 'node',
    exception: { values: [{ type: 'E', value: 'x', stacktrace: { frames } }] },
  };
  return `{}\n{"type":"event"}\n${JSON.stringify(event)}`;
}

async function isStored(address: () => string, body: string): Promise<boolean> {
  const answer = await fetch(address(), { method: 'POST', body }).catch(() => null);
  await answer?.arrayBuffer().catch(() => null);
  return answer?.status === 200;
}

async function boot(): Promise<{ client: Client; url: string }> {
  child = spawn(process.execPath, ['--conditions=@belay/source', ENTRY, cwd], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [url] = (await once(createInterface({ input: child.stdout! }), 'line')) as [string];
  const token = readFileSync(path.join(cwd, '.belay/cli-token'), 'utf8').trim();
  return { client: createClient({ baseUrl: url, token }), url };
}

async function kill(process_: ChildProcess): Promise<void> {
  if (process_.exitCode !== null || process_.signalCode !== null) return;
  const ended = once(process_, 'exit');
  process_.kill('SIGKILL');
  await ended;
}
