import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { createTelemetryStore, type TelemetryStore } from '../telemetry/api.ts';
import { recordOnce } from './self-recorder.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'belay-self-'));
const log = { debug: nothing, info: nothing, warn: nothing, error: nothing };
let engine: TelemetryEngine;
let store: TelemetryStore;

beforeAll(async () => {
  engine = createTelemetryEngine({ dataDir: folder, log, clock: Date });
  store = createTelemetryStore({ engine, clock: Date, log });
  await engine.whenReady(30_000);
});
afterAll(async () => {
  await store.close();
  await engine.close();
  rmSync(folder, { recursive: true, force: true });
});

it('stores what Belay measures of itself as series of the service belay, a series once', async () => {
  const metrics = async () => [
    {
      name: 'belay_store_bytes',
      help: 'Telemetry on disk.',
      type: 'gauge' as const,
      values: [
        { labels: { table: 'spans' }, value: 7 },
        { labels: { table: 'logs' }, value: 0.5 },
      ],
    },
    { name: 'belay_telemetry_rows_total', help: 'Rows.', type: 'counter' as const, values: [{ value: 3 }] },
  ];
  for (let round = 0; round < 2; round += 1) {
    await recordOnce({ metrics, write: store.write, clock: Date, instance: 'here', onError: nothing });
  }
  const rows = await store.reader.rows(
    `SELECT toString(metric) AS metric, toString(kind) AS kind, toString(unit) AS unit, labels, points, value FROM
     (SELECT fp, count() AS points, max(value) AS value FROM m_num GROUP BY fp) AS p
     INNER JOIN (SELECT * FROM series FINAL) AS s ON s.fp = p.fp WHERE service = 'belay' AND source = 'belay' ORDER BY metric, value`,
    { name: 'test' },
  );
  expect(rows).toEqual([
    { metric: 'belay_store_bytes', kind: 'gauge', unit: 'By', labels: { table: 'logs' }, points: 2, value: 0.5 },
    { metric: 'belay_store_bytes', kind: 'gauge', unit: 'By', labels: { table: 'spans' }, points: 2, value: 7 },
    { metric: 'belay_telemetry_rows_total', kind: 'sum', unit: '', labels: {}, points: 2, value: 3 },
  ]);
});

function nothing(): void {}
