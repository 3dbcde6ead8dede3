// The way in as a process of its own, so that a test can end it with SIGKILL: tells its address, then serves.
// Arguments: data folder, port (0 for any).
import Fastify from 'fastify';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import { createTelemetryStore } from '../telemetry/api.ts';
import { createSeries } from '../series/api.ts';
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
const app = Fastify();
await app.register(ingest.routes);
const url = await app.listen({ port: Number(process.argv[3] ?? 0), host: '127.0.0.1' });
process.send?.({ url, enginePid: engine.pid() });
process.on('message', () => process.send?.({ url, enginePid: engine.pid() }));
