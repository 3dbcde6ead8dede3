// The way in and PromQL as a process of its own, for measurements: tells its address and the engine's process, then
// serves. Argument: data folder.
import Fastify from 'fastify';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import { createPromql } from '../promql/api.ts';
import { createSeries } from '../series/api.ts';
import { createTelemetryStore } from '../telemetry/api.ts';
import { createIngest } from './api.ts';

const clock = { now: () => Date.now() };
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const engine = createTelemetryEngine({ dataDir: process.argv[2] ?? '', clock, log: silent });
const store = createTelemetryStore({ engine, clock, log: silent });
const series = createSeries({ reader: store.reader, clock, log: silent });
const ingest = createIngest({
  store,
  series,
  clock,
  log: silent,
  drops: { add() {} },
  requireIngestScope: async () => {},
});
const promql = createPromql({ reader: store.reader, clock, version: 'test' });
const app = Fastify();
await app.register(ingest.routes);
await app.register(promql.routes);
const url = await app.listen({ port: 0, host: '127.0.0.1' });

/** Bytes on disk of what a measurement asks for, merged as far as it goes. */
async function sizes(): Promise<unknown> {
  for (const table of ['m_num', 'm_hist', 'm_exp', 'series']) {
    await engine.client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
  }
  const result = await engine.client.query({
    query: `SELECT table, sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts
      WHERE active AND table IN ('m_num', 'm_hist', 'm_exp', 'series') GROUP BY table`,
    format: 'JSONEachRow',
  });
  return result.json();
}

process.on('message', (message) => {
  if (message === 'sizes') void sizes().then((tables) => process.send?.({ tables }));
  else process.send?.({ url, enginePid: engine.pid() });
});
process.send?.({ url, enginePid: engine.pid() });
