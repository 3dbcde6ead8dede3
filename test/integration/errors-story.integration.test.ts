import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import type { IssueSummary } from '@belay/protocol';
import { parseStackText } from '@belay/wire';
import { build } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startRollout, startTestedServer, type TestedServer } from './tested-server.ts';
import { until } from './until.ts';

const run = promisify(execFile);
const folder = mkdtempSync(path.join(tmpdir(), 'belay-errors-'));
let server: TestedServer;
beforeAll(async () => {
  server = await startTestedServer();
});
afterAll(async () => {
  await server.close();
  rmSync(folder, { recursive: true, force: true });
});

const issues = async (service: string): Promise<IssueSummary[]> =>
  (await server.admin.call('issueList', { query: { service, limit: 100, state: 'all', sort: 'last-seen' } })).items;

const issuesOf = (service: string, count: number, events: number): Promise<IssueSummary[]> =>
  until(async () => {
    const found = await issues(service);
    return found.length === count && found.reduce((sum, issue) => sum + issue.eventsTotal, 0) === events
      ? found
      : undefined;
  });

const newId = (): string => randomUUID().replaceAll('-', '');

async function sender(service: string) {
  const { dsn, project } = await server.admin.call('sentryKeyCreate', { body: { service } });
  const address = `${server.url}/api/${project}/envelope/?sentry_key=${new URL(dsn).username}`;
  return (event: object) =>
    fetch(address, {
      method: 'POST',
      body: `{}\n{"type":"event"}\n${JSON.stringify({ event_id: newId(), ...event })}`,
    });
}

const attributes = (values: Record<string, string>) =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));

function spanWith(service: string, traceId: string, exception: Record<string, string>): object {
  const now = `${Date.now()}000000`;
  const event = { timeUnixNano: now, name: 'exception', attributes: attributes(exception) };
  const span = {
    traceId,
    spanId: newId().slice(0, 16),
    name: 'GET /cart',
    kind: 2,
    startTimeUnixNano: now,
    endTimeUnixNano: now,
    events: [event],
  };
  const resource = { attributes: attributes({ 'service.name': service, 'telemetry.sdk.language': 'python' }) };
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] };
}

const traceback = `Traceback (most recent call last):
  File "/srv/app/cart.py", line 12, in pay
    charge()
ValueError: card declined`;

test('exceptions that OpenTelemetry tells are errors; told twice in a trace, or by an SDK as well, they are one', async () => {
  const told = {
    'exception.type': 'ValueError',
    'exception.message': 'card declined',
    'exception.stacktrace': traceback,
  };
  const traceId = newId();
  expect((await server.otlp('traces', spanWith('otel', traceId, told))).status).toBe(200);
  const [issue] = await issuesOf('otel', 1, 1);
  expect(issue).toMatchObject({
    title: 'ValueError: card declined',
    culprit: { function: 'pay', line: 12 },
    platform: 'python',
  });
  expect((await server.otlp('traces', spanWith('otel', traceId, told))).status).toBe(200);
  const send = await sender('otel');
  const values = [
    {
      type: 'ValueError',
      value: 'card declined',
      stacktrace: { frames: [{ filename: 'cart.py', function: 'pay', lineno: 12 }] },
    },
  ];
  const trace = { trace_id: traceId, span_id: newId().slice(0, 16) };
  expect(
    (await send({ platform: 'python', exception: { values }, contexts: { trace }, tags: { from: 'sdk' } })).status,
  ).toBe(200);
  expect((await server.otlp('traces', spanWith('otel', newId(), told))).status).toBe(200);
  expect(await issuesOf('otel', 1, 2)).toHaveLength(1);
  const events = await server.admin.call('issueEvents', { params: { id: issue?.id ?? '' }, query: { limit: 50 } });
  expect(events.items).toHaveLength(3);
});

const source = `export function charge(cart) {
  return cart.items.total;
}

export function checkout(cart) {
  if (cart === undefined) return undefined;
  return charge(cart);
}

try {
  checkout({});
} catch (error) {
  console.log(JSON.stringify(error.stack));
}
`;

/** The stack with which a program really fails. */
async function stackOf(file: string): Promise<string> {
  const { stdout } = await run(process.execPath, [file]);
  return JSON.parse(stdout) as string;
}

function eventOf(stack: string, release: string): object {
  const { exceptions } = parseStackText(stack);
  const values = exceptions.map(({ type, value, frames }) => ({
    type,
    value,
    stacktrace: {
      frames: frames
        .map(({ function: name, file, line, column }) => ({
          function: name,
          filename: file,
          lineno: line,
          colno: column,
          in_app: !file?.startsWith('node:'),
        }))
        .toReversed(),
    },
  }));
  return { platform: 'javascript', release, exception: { values } };
}

test('a really minified bundle is read and grouped with its source map as if it were not minified', async () => {
  const entry = path.join(folder, 'src', 'checkout.mjs');
  await run('mkdir', ['-p', path.dirname(entry)]);
  writeFileSync(entry, source);
  const outDir = path.join(folder, 'dist');
  await build({
    configFile: false,
    root: folder,
    logLevel: 'silent',
    build: {
      outDir,
      minify: true,
      sourcemap: true,
      lib: { entry, formats: ['iife'], name: 'App', fileName: () => 'app.js' },
      emptyOutDir: false,
    },
  });
  const bundle = path.join(outDir, 'app.js');
  expect(readFileSync(bundle, 'utf8').split('\n').length).toBeLessThan(6);
  const send = await sender('bundle');
  await send(eventOf(await stackOf(entry), 'plain'));
  const [plain] = await issuesOf('bundle', 1, 1);
  expect(plain?.culprit).toMatchObject({ function: 'charge', line: 2 });
  const map = gzipSync(readFileSync(`${bundle}.map`)).toString('base64');
  await server.admin.call('sourceMapUpload', { body: { release: 'mini@1', file: '~/dist/app.js', map } });
  await send(eventOf(await stackOf(bundle), 'mini@1'));
  const [both] = await issuesOf('bundle', 1, 2);
  expect(both?.culprit).toMatchObject({
    function: 'charge',
    file: expect.stringContaining('src/checkout.mjs'),
    line: 2,
  });
  const detail = await server.admin.call('issueGet', { params: { id: both?.id ?? '' } });
  const [frame] = detail.latest?.exceptions[0]?.frames ?? [];
  expect(frame?.context?.lines.join('\n')).toContain('return cart.items.total');
  expect(frame?.minified?.file).toContain('app.js');
  await expect(
    server.admin.call('sourceMapUpload', {
      body: { release: 'x', file: 'a.js', map: gzipSync('{}').toString('base64') },
    }),
  ).rejects.toMatchObject({ code: 'request.invalid' });
});

test('while a change goes out, errors that only its new path has are told, with file and line', async () => {
  const { id, flag } = await startRollout(server, 'pay.v2');
  const send = await sender('path');
  const event = (result: boolean, type: string) =>
    send({
      platform: 'node',
      contexts: { flags: { values: [{ flag, result }] } },
      exception: {
        values: [
          {
            type,
            value: 'boom',
            stacktrace: { frames: [{ filename: '/app/src/pay.ts', function: type, lineno: 7, in_app: true }] },
          },
        ],
      },
    });
  await event(true, 'OnlyNew');
  await event(true, 'OnlyNew');
  await event(true, 'Everywhere');
  await event(false, 'Everywhere');
  await issuesOf('path', 2, 4);
  const told = await server.admin.call('rolloutNewErrors', { params: { id } });
  expect(told.items).toMatchObject([
    {
      title: 'OnlyNew: boom',
      newCount: 2,
      oldCount: 0,
      newVariant: 'on',
      oldVariant: 'off',
      certainty: 'cannot-tell',
      culprit: { file: '/app/src/pay.ts', line: 7 },
    },
  ]);
  const listed = await until(async () => {
    const found = (await issues('path')).find(({ type }) => type === 'OnlyNew');
    return found?.onlyOnNewPath == null ? undefined : found;
  });
  expect(listed.onlyOnNewPath?.sentence).toContain('2 there, 0 on the old path');
});

test('broken, huge and hostile envelopes are refused or counted, and the next one is taken', async () => {
  const { dsn, project } = await server.admin.call('sentryKeyCreate', { body: { service: 'hostile' } });
  const address = `/api/${project}/envelope/?sentry_key=${new URL(dsn).username}`;
  const post = (body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}) =>
    fetch(`${server.url}${address}`, { method: 'POST', body, headers }).then(({ status }) => status);
  expect(await post('no envelope')).toBe(400);
  expect(await post(Uint8Array.from(gzipSync('{}\n').subarray(0, 10)), { 'content-encoding': 'gzip' })).toBe(400);
  expect(
    await post(Uint8Array.from(gzipSync(Buffer.alloc(80 * 1024 * 1024, 10))), { 'content-encoding': 'gzip' }),
  ).toBe(413);
  const deep = `{}\n{"type":"event"}\n{"extra":{"a":${'['.repeat(200_000)}${']'.repeat(200_000)}}}`;
  expect(await post(deep)).toBe(200);
  const secret = `{}\n{"type":"event"}\n${JSON.stringify({ message: 'failed with password=hunter2hunter2', extra: { api_key: 'sk_live_abcdefghijklmnop' } })}`;
  expect(await post(secret)).toBe(200);
  const found = await issuesOf('hostile', 2, 2);
  for (const { id } of found) {
    const detail = await server.admin.call('issueGet', { params: { id } });
    expect(JSON.stringify(detail)).not.toMatch(/hunter2|sk_live_abc/);
  }
});
