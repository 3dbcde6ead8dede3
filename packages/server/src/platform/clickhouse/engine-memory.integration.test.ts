import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { engineMemory } from './engine-memory.ts';
import { createTelemetryEngine } from './telemetry-engine.ts';
import type { TelemetryEngine } from './telemetry-engine-types.ts';

const memoryLimitBytes = engineMemory(512);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-memory-'));
let engine: TelemetryEngine;

beforeAll(async () => {
  engine = createTelemetryEngine({ dataDir, clock: { now: () => Date.now() }, log: silent, memoryLimitBytes });
  await engine.whenReady(30_000);
});
afterAll(async () => {
  await engine.close();
  rmSync(dataDir, { recursive: true, force: true });
});

async function rows<Row>(query: string): Promise<Row[]> {
  return (await engine.client.query({ query, format: 'JSONEachRow' })).json<Row>();
}

test('a server of 512 MB gives its engine what leaves room for the rest', async () => {
  expect(memoryLimitBytes).toBe(220 * 2 ** 20);
  const names = `'max_server_memory_usage', 'background_pool_size'`;
  const settings = await rows<{ name: string; value: string }>(
    `SELECT name, value FROM system.server_settings WHERE name IN (${names}) ORDER BY name`,
  );
  expect(settings).toEqual([
    { name: 'background_pool_size', value: '1' },
    { name: 'max_server_memory_usage', value: String(memoryLimitBytes) },
  ]);
});

test('a question that does not fit is refused, and the next one is answered', async () => {
  const huge = 'SELECT length(groupArray(toString(number))) AS n FROM numbers(50000000)';
  await expect(rows(huge)).rejects.toMatchObject({ code: '241' });
  expect(await rows('SELECT 1 AS one')).toEqual([{ one: 1 }]);
  const sorted = `SELECT toString(number) AS text FROM numbers(4000000) ORDER BY cityHash64(number) LIMIT 3999999, 1`;
  expect(await rows(sorted)).toHaveLength(1);
});
