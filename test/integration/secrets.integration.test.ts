import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { createClient } from '@belay/client';
import { expect, test } from 'vitest';
import { problemOf, startTestedServer } from './tested-server.ts';

const ENTRY = path.join(import.meta.dirname, 'server-process.ts');

test('no secret reaches the log, a file or an error, whatever is sent where', { timeout: 120_000 }, async () => {
  const cwd = mkdtempSync(path.join(tmpdir(), 'belay-secrets-'));
  const server = await spawnServer(cwd);
  try {
    const cli = readFileSync(path.join(cwd, '.belay/cli-token'), 'utf8').trim();
    const admin = createClient({ baseUrl: server.url, token: cli });
    const made = await admin.call('tokenCreate', { body: { name: 'sdk', scopes: ['ingest', 'evaluate', 'read'] } });
    const setup = new URLSearchParams(new URL(server.setupUrl).hash.slice(1)).get('token') ?? '';
    const wrong = 'blt_this-is-a-wrong-token-0123456789abcdefghij';
    const answers: string[] = [];
    const send = async (method: string, address: string, init: RequestInit = {}): Promise<Response> => {
      const answer = await fetch(server.url + address, { method, ...init });
      if (!(answer.headers.get('content-type') ?? '').includes('event-stream')) answers.push(await answer.text());
      else await answer.body?.cancel();
      return answer;
    };
    const json = (value: unknown, headers: Record<string, string> = {}): RequestInit => ({
      body: JSON.stringify(value),
      headers: { 'content-type': 'application/json', ...headers },
    });
    const bearer = (secret: string): Record<string, string> => ({ authorization: `Bearer ${secret}` });
    await send('GET', '/api/v1/overview', { headers: bearer(wrong) });
    await send('GET', `/api/v1/overview?access_token=${made.secret}`);
    await send('GET', `/api/v1/tokens?cursor=${made.secret}`, { headers: bearer(cli) });
    await send('GET', '/api/v1/overview', { headers: { authorization: `Basic ${made.secret}` } });
    await send('POST', '/v1/metrics', json({ resourceMetrics: 7, token: made.secret }, bearer(made.secret)));
    await send('POST', '/api/v1/tokens', json({ name: 7, scopes: ['read'], secret: made.secret }, bearer(cli)));
    await send('POST', '/api/v1/session', json({ token: [made.secret] }));
    await send('POST', '/api/v1/session', json({ token: wrong }));
    await send('POST', '/api/v1/setup', json({ token: wrong }));
    await send('POST', '/ofrep/v1/evaluate/flags', json({ context: {} }, bearer(made.secret)));
    await send('GET', '/api/v1/events', { headers: bearer(made.secret) });
    const session = await send('POST', '/api/v1/session', json({ token: made.secret }));
    const cookie = session.headers.get('set-cookie')?.split(';')[0] ?? '';
    await send('GET', '/api/v1/session', { headers: { cookie } });
    const owner = await fetch(`${server.url}/api/v1/setup`, { method: 'POST', ...json({ token: setup, name: 'Ada' }) });
    const { secret: ownerSecret } = (await owner.json()) as { secret: string };
    const cookies = [cookie, owner.headers.get('set-cookie')?.split(';')[0] ?? ''].map(
      (one) => one.split('=')[1] ?? '',
    );
    await server.stop();

    const secrets = [cli, made.secret, setup, wrong, ownerSecret, ...cookies];
    expect(secrets.every((secret) => secret.length > 20)).toBe(true);
    const log = server.log();
    expect(log).toMatch(/"route":"\/api\/v1\/session"/);
    for (const secret of secrets) {
      expect(log).not.toContain(secret);
      expect(answers.filter((answer) => answer.includes(secret))).toEqual([]);
      const files = filesIn(path.join(cwd, '.belay')).filter((file) => !file.endsWith('cli-token'));
      expect(files.filter((file) => readFileSync(file).includes(secret))).toEqual([]);
    }
    expect(statSync(path.join(cwd, '.belay')).mode & 0o077).toBe(0);
  } finally {
    await server.stop();
    rmSync(cwd, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
});

test('requests over the limit are told when to come again, and other tokens are not held up', async () => {
  const server = await startTestedServer({ yaml: 'server:\n  requests_per_minute: 60\n' });
  try {
    const other = await server.admin.call('tokenCreate', { body: { name: 'other', scopes: ['read'] } });
    const answers = await Promise.all(Array.from({ length: 80 }, () => server.ask('GET', '/api/v1/session')));
    const refused = answers.filter(({ status }) => status === 429);
    expect(refused.length).toBeGreaterThan(10);
    expect(refused.length).toBeLessThan(80);
    const { code, hint } = await problemOf(refused[0] ?? new Response());
    expect([code, hint]).toEqual(['request.rate-limited', expect.stringContaining('requests_per_minute')]);
    expect(Number(refused[0]?.headers.get('retry-after'))).toBeGreaterThan(0);
    await expect(
      createClient({ baseUrl: server.url, token: other.secret }).call('flagList', {}),
    ).resolves.toBeDefined();
  } finally {
    await server.close();
  }
});

test('guessing tokens is slowed down for the guesser', async () => {
  const server = await startTestedServer();
  try {
    const statuses: number[] = [];
    for (let guess = 0; guess < 100; guess += 1) {
      const answer = await fetch(`${server.url}/api/v1/overview`, {
        headers: { authorization: `Bearer blt_guess-number-${guess}` },
      });
      statuses.push(answer.status);
      await answer.arrayBuffer();
    }
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
    expect((await server.ask('GET', '/api/v1/overview')).status).toBe(200);
  } finally {
    await server.close();
  }
});

test('the set-up token is used once, even by two at the same moment, and guesses at it are limited', async () => {
  const server = await startTestedServer();
  try {
    const token = new URLSearchParams(new URL(server.setupUrl ?? '').hash.slice(1)).get('token') ?? '';
    const setUp = (value: string, headers: Record<string, string> = {}): Promise<Response> =>
      fetch(`${server.url}/api/v1/setup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ token: value }),
      });
    expect((await setUp(token, { origin: 'https://evil.example' })).status).toBe(403);
    const both = await Promise.all([setUp(token), setUp(token), setUp(token)]);
    expect(both.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409]);
    const cookie = both.find(({ status }) => status === 201)?.headers.get('set-cookie') ?? '';
    for (const flag of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(cookie).toContain(flag);
  } finally {
    await server.close();
  }
});

test('guesses at the set-up token are limited', async () => {
  const server = await startTestedServer();
  try {
    const statuses: number[] = [];
    for (let guess = 0; guess < 100; guess += 1) {
      const answer = await fetch(`${server.url}/api/v1/setup`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ token: `setup_guess-${guess}` }),
      });
      statuses.push(answer.status);
      await answer.arrayBuffer();
    }
    expect(statuses[0]).toBe(401);
    expect(statuses.at(-1)).toBe(429);
  } finally {
    await server.close();
  }
});

async function spawnServer(cwd: string) {
  const child = spawn(process.execPath, ['--conditions=@belay/source', ENTRY, cwd], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, BELAY_LOG_LEVEL: 'debug' },
  });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => (log += chunk.toString()));
  const ended = once(child, 'close');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async (): Promise<string> => String((await lines.next()).value);
  return {
    url: await next(),
    setupUrl: await next(),
    log: () => log,
    async stop() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
