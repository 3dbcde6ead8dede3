import { mkdtempSync, rmSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { createTelemetryReader, type TelemetryReader } from './telemetry-reader.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'belay-reader-'));
const silent = { debug() {}, info() {}, warn() {}, error() {} };
let engine: TelemetryEngine;
let reader: TelemetryReader;

beforeAll(async () => {
  engine = createTelemetryEngine({ dataDir: folder, clock: { now: () => Date.now() }, log: silent });
  reader = createTelemetryReader({
    engine,
    log: silent,
    whenPrepared: async () => undefined,
    tables: () => ['numbered'],
  });
  await engine.whenReady(30_000);
  await engine.client.command({
    query: 'CREATE TABLE numbered (n UInt64, text String) ENGINE = MergeTree ORDER BY n',
  });
  await engine.client.command({
    query: 'INSERT INTO numbered SELECT number, toString(number) FROM numbers(1000000)',
  });
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Far longer than any deadline here. */
const ENDLESS = 'SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1';
const running = async (): Promise<number> => {
  const [row] = await reader.rows<{ running: number }>(
    "SELECT count() AS running FROM system.processes WHERE query LIKE '%1000000000000%' AND query NOT LIKE '%system.processes%'",
    { name: 'test.running' },
  );
  return row?.running ?? -1;
};

test('rows come with parameters as values, and what they cost is recorded', async () => {
  const rows = await reader.rows<{ n: number }>('SELECT n FROM numbered WHERE text = {text:String}', {
    name: 'test.one',
    parameters: { text: "7' OR 1 --" },
  });
  expect(rows).toEqual([]);
  expect(
    await reader.rows('SELECT n FROM numbered WHERE text = {text:String}', {
      name: 'test.one',
      parameters: { text: '7' },
    }),
  ).toEqual([{ n: 7 }]);
  const stats = reader.stats().queries.find(({ name }) => name === 'test.one');
  expect(stats).toMatchObject({ count: 2, failed: 0, cancelled: 0, rowsAnswered: 1 });
  expect(stats?.rowsRead).toBeGreaterThanOrEqual(1_000_000);
});

test('a question past its deadline is refused kindly and does not run on', async () => {
  await expect(
    reader.rows(ENDLESS, { name: 'test.slow', deadlineMs: 1000, maxRowsRead: 10 ** 15, maxBytesRead: 10 ** 16 }),
  ).rejects.toMatchObject({ code: 'telemetry.too-wide', status: 422, hint: expect.stringContaining('shorter') });
  await expect.poll(running, { timeout: 10_000 }).toBe(0);
});

test('a question that nobody waits for any more is ended in the engine', async () => {
  const gone = new AbortController();
  const asked = reader.rows(ENDLESS, {
    name: 'test.gone',
    deadlineMs: 60_000,
    maxRowsRead: 10 ** 15,
    maxBytesRead: 10 ** 16,
    signal: gone.signal,
  });
  const refused = expect(asked).rejects.toThrowError('nobody waits');
  await expect.poll(running, { timeout: 10_000 }).toBe(1);
  gone.abort(new Error('nobody waits'));
  await refused;
  await expect.poll(running, { timeout: 10_000 }).toBe(0);
  expect(reader.stats().queries.find(({ name }) => name === 'test.gone')).toMatchObject({ cancelled: 1, failed: 0 });
});

test('questions that read or answer too much are refused with what to do', async () => {
  const tooWide = { code: 'telemetry.too-wide', hint: expect.stringContaining('narrower') };
  await expect(
    reader.rows('SELECT sum(n) FROM numbered', { name: 'test.rows', maxRowsRead: 1000 }),
  ).rejects.toMatchObject(tooWide);
  await expect(
    reader.rows(
      'SELECT groupArray(n), groupArray(text) FROM (SELECT number AS n, toString(number) AS text FROM numbers(400000000))',
      {
        name: 'test.memory',
      },
    ),
  ).rejects.toMatchObject(tooWide);
  expect(await reader.rows('SELECT 1 AS one', { name: 'test.after' })).toEqual([{ one: 1 }]);
});

test('limits of one question do not hold for the next', async () => {
  await expect(reader.rows('SELECT n FROM numbered', { name: 'test.few', maxRowsRead: 10 })).rejects.toMatchObject({
    code: 'telemetry.too-wide',
  });
  await expect(engine.client.query({ query: 'SELECT 1', clickhouse_settings: { no_such: 1 } })).rejects.toThrow();
  for (let again = 0; again < 12; again += 1) {
    const result = await engine.client.query({ query: 'SELECT count() AS all FROM numbered', format: 'JSONEachRow' });
    expect(await result.json()).toEqual([{ all: 1_000_000 }]);
  }
});

test('more questions than slots all get their answer', async () => {
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, n) =>
      reader.rows<{ n: number }>('SELECT {n:UInt32} AS n, sum(n) FROM numbered', {
        name: `test${n % 3}.many`,
        parameters: { n },
      }),
    ),
  );
  expect(answers.map(([row]) => row?.n)).toEqual(Array.from({ length: 40 }, (_, n) => n));
});

test('SQL of people runs read-only and within limits', async () => {
  expect(await reader.sandboxed('SELECT max(n) AS n FROM numbered', { name: 'sql.test' })).toEqual([{ n: 999_999 }]);
  expect(
    await reader.sandboxed('SELECT n FROM numbered WHERE n = {n:UInt64} -- why', {
      name: 'sql.test',
      parameters: { n: 5 },
    }),
  ).toEqual([{ n: 5 }]);
  await expect(reader.sandboxed('SELECT n FROM numbered', { name: 'sql.test' })).rejects.toMatchObject({
    code: 'telemetry.too-wide',
  });
  await expect(reader.sandboxed('SELECT nope FROM numbered', { name: 'sql.test' })).rejects.toMatchObject({
    code: 'request.invalid',
    message: expect.stringContaining('nope'),
  });
  await expect(
    reader.sandboxed('SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1', { name: 'sql.test' }),
  ).rejects.toMatchObject({ code: 'telemetry.too-wide' });
  const file = path.join(folder, 'stolen');
  await expect(reader.sandboxed(`SELECT 1 INTO OUTFILE '${file}'`, { name: 'sql.test' })).rejects.toMatchObject({
    code: 'request.invalid',
  });
  expect(existsSync(file)).toBe(false);
});

test('the sandbox is a fence of its own: what the parser would let through cannot write or read files', async () => {
  const raw = (query: string): Promise<unknown> =>
    engine.client.query({ query, format: 'JSONEachRow', clickhouse_settings: { readonly: '1' } });
  for (const query of [
    "SELECT * FROM file('/etc/passwd', 'LineAsString')",
    'SYSTEM SHUTDOWN',
    'DROP TABLE numbered',
    'SET readonly = 0',
    "SELECT * FROM url('http://127.0.0.1:1/', 'CSV', 'a String')",
  ]) {
    await expect(raw(query), query).rejects.toMatchObject({ code: expect.stringMatching(/^(164|62)$/) });
  }
});
