import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdtempSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';

// The program itself, not the launcher: a test that kills it must hit it.
const MAIN = path.resolve(import.meta.dirname, '../main.ts');
const NODE = ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'];

const PATIENTLY = { timeout: 30_000 };

let folder: string;
let file: string;
let sink: Sink;
let running: ChildProcess[];

beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'belay-tail-'));
  file = path.join(folder, 'bot.log');
  sink = await startSink();
  running = [];
});
afterEach(async () => {
  for (const child of running) await kill(child);
  sink.server.close();
  sink.server.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

/** Takes OTLP logs and, as Belay does, the same bytes only once. */
interface Sink {
  readonly server: http.Server;
  readonly url: string;
  readonly bodies: Set<string>;
  status: number;
  texts(): string[];
}

async function startSink(): Promise<Sink> {
  const bodies = new Set<string>();
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (made.status === 200) bodies.add(Buffer.concat(chunks).toString());
      response.writeHead(made.status, { 'content-type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const made: Sink = {
    server,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    bodies,
    status: 200,
    texts: () => [...bodies].flatMap(textsOf),
  };
  return made;
}

function textsOf(body: string): string[] {
  const { resourceLogs } = JSON.parse(body) as {
    resourceLogs: [{ scopeLogs: [{ logRecords: { body: { stringValue: string } }[] }] }];
  };
  return resourceLogs[0].scopeLogs[0].logRecords.map((record) => record.body.stringValue);
}

function tail(...more: string[]): ChildProcess {
  const inputs = [...NODE, MAIN, 'logs', 'tail', file, '--service', 'bot', '--url', sink.url, '--token', 'k', ...more];
  const child = spawn(process.execPath, inputs, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

async function finished(child: ChildProcess): Promise<{ code: number | null; stdout: string }> {
  let stdout = '';
  child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout };
}

const lines = (from: number, through: number): string[] =>
  Array.from({ length: through - from + 1 }, (_nothing, i) => `line ${from + i}`);
const append = (texts: readonly string[]): void => appendFileSync(file, texts.map((text) => `${text}\n`).join(''));

it('sends a file once, from its beginning, and the rest of it the next time', async () => {
  append(lines(1, 3));
  const first = await finished(tail('--once', '--from-start', '--json'));
  expect(first.code).toBe(0);
  expect(JSON.parse(first.stdout)).toMatchObject({ files: [{ file, records: 3, refused: 0 }] });
  append(lines(4, 5));
  const second = await finished(tail('--once', '--json'));
  expect(JSON.parse(second.stdout)).toMatchObject({ files: [{ records: 2 }] });
  expect(sink.texts()).toEqual(lines(1, 5));
});

it('follows a rotation by rename and one by truncation without leaving out a line', async () => {
  append(lines(1, 2));
  tail('--from-start');
  await expect.poll(() => sink.texts(), PATIENTLY).toEqual(lines(1, 2));
  append(lines(3, 3));
  renameSync(file, path.join(folder, 'bot.log.1'));
  append(lines(4, 5));
  await expect.poll(() => sink.texts(), PATIENTLY).toEqual(lines(1, 5));
  truncateSync(file, 0);
  append(lines(6, 6));
  await expect.poll(() => sink.texts(), PATIENTLY).toEqual(lines(1, 6));
});

it('sends every line exactly once over kills in the middle', async () => {
  writeFileSync(file, '');
  let written = 0;
  for (let round = 0; round < 6; round += 1) {
    const child = tail('--from-start');
    append(lines(written + 1, written + 700));
    written += 700;
    const before = sink.bodies.size;
    await expect.poll(() => sink.bodies.size, { ...PATIENTLY, interval: 5 }).toBeGreaterThan(before);
    await kill(child);
  }
  const last = await finished(tail('--once'));
  expect(last.code).toBe(0);
  expect(sink.texts()).toEqual(lines(1, written));
});

it('keeps what Belay cannot take and sends it when it can', async () => {
  sink.status = 503;
  append(lines(1, 2));
  const child = tail('--from-start');
  const [said] = (await once(child.stdout!, 'data')) as [Buffer];
  expect(said.toString()).toContain('Waiting: Belay answered 503');
  expect(sink.texts()).toEqual([]);
  sink.status = 200;
  await expect.poll(() => sink.texts(), PATIENTLY).toEqual(lines(1, 2));
});

it('says what to do about a token that does not allow it', async () => {
  sink.status = 403;
  append(lines(1, 1));
  const { code, stdout } = await finished(tail('--once', '--from-start', '--json'));
  expect(code).toBe(3);
  expect(JSON.parse(stdout)).toMatchObject({
    error: { code: 'access.forbidden', fix: expect.stringContaining('--scope ingest') },
  });
  sink.status = 200;
  await finished(tail('--once'));
  expect(sink.texts()).toEqual(lines(1, 1));
});

it('cuts a line of 10 MB, says so, and goes on', async () => {
  append(['x'.repeat(10 * 1024 * 1024), 'after']);
  const { stdout } = await finished(tail('--once', '--from-start', '--json'));
  const [long, after] = sink.texts();
  expect(long).toMatch(/x \[cut: the line had 10485760 bytes\]$/);
  expect(after).toBe('after');
  expect(JSON.parse(stdout)).toMatchObject({ files: [{ records: 2, cutBytes: 10 * 1024 * 1024 - 64 * 1024 }] });
});

it('refuses to guess where a damaged state says nothing', async () => {
  append(lines(1, 1));
  await finished(tail('--once', '--from-start', '--state', 'places'));
  const { readdirSync } = await import('node:fs');
  const [name = ''] = readdirSync(path.join(folder, 'places'));
  writeFileSync(path.join(folder, 'places', name), '{"done":1}');
  const { code, stdout } = await finished(tail('--once', '--state', 'places', '--json'));
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ error: { what: 'It is not known how far the file was sent.' } });
  expect(readFileSync(path.join(folder, 'places', name), 'utf8')).toBe('{"done":1}');
});
