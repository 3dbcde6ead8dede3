import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { createTelemetryEngine } from '../../../platform/clickhouse/telemetry-engine.ts';
import type { TelemetryEngine } from '../../../platform/clickhouse/telemetry-engine-types.ts';
import { prepareTables } from '../tables/prepare-tables.ts';

export const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** An engine with all tables, for tests and benches of what happens to old rows. */
export interface RollupTestbed {
  readonly engine: TelemetryEngine;
  readonly dataDir: string;
  whenPrepared(): Promise<void>;
  select<Row>(query: string): Promise<Row[]>;
  run(query: string): Promise<void>;
  /** Ends the engine's process at once, and resolves when another one answers. */
  killEngine(): Promise<void>;
  close(): Promise<void>;
}

export async function openRollupTestbed(memoryLimitBytes?: number): Promise<RollupTestbed> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-rollups-'));
  const engine = createTelemetryEngine({
    dataDir,
    clock: { now: () => Date.now() },
    log: silent,
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
  });
  await engine.whenReady(60_000);
  await prepareTables(engine.client, { minFreeDiskBytes: 0 });
  return {
    engine,
    dataDir,
    whenPrepared: () => engine.whenReady(60_000),
    async select<Row>(query: string): Promise<Row[]> {
      const result = await engine.client.query({ query, format: 'JSONEachRow' });
      return result.json<Row>();
    },
    run: async (query) => void (await engine.client.command({ query })),
    async killEngine() {
      const before = engine.epoch();
      const pid = engine.pid();
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
      for (let poll = 0; poll < 600 && engine.epoch() === before; poll += 1) await delay(100);
    },
    async close() {
      await engine.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

export interface GeneratedDay {
  /** Unix second at which the rows begin to arrive. */
  readonly from: number;
  readonly seconds: number;
  readonly rows: number;
  readonly seed?: number;
  /** Share of rows that carry a time up to a day before their arrival. */
  readonly lateShare?: number;
  /** How rows arrive; `daily` makes the afternoon busy and the night quiet. Default `even`. */
  readonly profile?: 'even' | 'daily';
}

/** Where in its stretch of time a row lies, 0 to 1. */
function placeOf({ rows, profile = 'even' }: GeneratedDay): string {
  const even = `(number / ${rows})`;
  return profile === 'even'
    ? even
    : `(${even} + 0.1 * (sin(6.283185307179586 * (${even} + 0.15)) - sin(0.9424777960769379)))`;
}

/** Spans of a few services, ten to a trace, with log-normal durations, errors and late rows; the same for a seed. */
export function generatedSpans(day: GeneratedDay): string {
  const { from, seconds, rows, seed = 1, lateShare = 0.01 } = day;
  const arrival = `(${placeOf(day)} * ${seconds})`;
  const random = (n: number): string => `(sipHash64(${seed}, ${n}, number) % 1000003 / 1000003)`;
  const perTrace = (n: number): string => `(sipHash64(${seed}, ${n}, intDiv(number, 10)) % 1000003 / 1000003)`;
  const normal = `(sqrt(-2 * log(${random(1)} + 1e-9)) * cos(6.283185307179586 * ${random(2)}))`;
  return `INSERT INTO spans (_in, _req, ts, trace_id, span_id, parent_id, service, instance, scope, name, kind, status, duration_ns,
      is_unit, is_error, http_status, route, flag_key, variant, attributes, res_id, version, environment)
    SELECT toDateTime(${from} + toUInt32(floor(${arrival})), 'UTC') AS _in, sipHash64(${seed}, intDiv(number, 500)) AS _req,
      toDateTime64(${from} + ${arrival} - if(${random(3)} < ${lateShare}, ${random(4)} * 86400, ${random(5)} * 2), 9, 'UTC') AS ts,
      sipHash128(${seed}, intDiv(number, 10)) AS trace_id, substring(sipHash128(${seed}, number, 7), 1, 8) AS span_id,
      if(number % 10 = 0, '', substring(sipHash128(${seed}, number - 1, 7), 1, 8)) AS parent_id,
      ['checkout', 'search', 'cart', 'bot'][1 + number % 4] AS service, concat(service, '-', toString(number % 3)) AS instance, 'http' AS scope,
      ['GET /items/:id', 'POST /orders', 'SELECT items', 'publish order', 'GET /search'][1 + intDiv(number, 7) % 5] AS name,
      toUInt8(1 + number % 3) AS kind, toUInt8(is_error * 2) AS status,
      toUInt64(1e6 * exp(2.5 + 0.8 * ${normal} + (number % 4) * 0.4)) AS duration_ns,
      toUInt8(number % 10 = 0) AS is_unit, toUInt8(${perTrace(6)} < 0.01 AND number % 10 < 3) AS is_error,
      toUInt16(if(is_error, 500, 200)) AS http_status, if(is_unit, name, '') AS route, if(is_unit AND service = 'checkout', 'checkout.v2', '') AS flag_key,
      if(flag_key = '', '', if(${perTrace(7)} < 0.1, 'on', 'off')) AS variant,
      map('http.request.method', 'GET', 'url.path', concat('/items/', toString(number % 5000)), 'server.address', 'shop.internal',
        'user.id', toString(sipHash64(${seed}, 8, number) % 100000)) AS attributes,
      sipHash64(service) AS res_id, '1.0.0' AS version, 'production' AS environment
    FROM numbers(${rows})`;
}

/** Log records in the manner of the spans; one in fifty is a warning or worse. */
export function generatedLogs(day: GeneratedDay): string {
  const { from, seconds, rows, seed = 1 } = day;
  const arrival = `(${placeOf(day)} * ${seconds})`;
  const random = (n: number): string => `(sipHash64(${seed}, ${n}, number, 'log') % 1000003 / 1000003)`;
  return `INSERT INTO logs (_in, _req, ts, trace_id, span_id, service, instance, scope, severity, severity_text, body, attributes, res_id, version, environment)
    SELECT toDateTime(${from} + toUInt32(floor(${arrival})), 'UTC') AS _in, sipHash64(${seed}, intDiv(number, 500), 'log') AS _req,
      toDateTime64(${from} + ${arrival}, 9, 'UTC') AS ts,
      if(number % 3 = 0, toFixedString('', 16), sipHash128(${seed}, intDiv(number, 20))) AS trace_id, substring(sipHash128(${seed}, number, 7), 1, 8) AS span_id,
      ['checkout', 'search', 'cart', 'bot'][1 + number % 4] AS service, concat(service, '-', toString(number % 3)) AS instance, 'app' AS scope,
      toUInt8(if(${random(1)} < 0.02, 17, 9)) AS severity, if(severity = 17, 'ERROR', 'INFO') AS severity_text,
      concat(['order ', 'payment ', 'served item ', 'cache miss for '][1 + number % 4], toString(sipHash64(${seed}, number) % 1000000), ' in ', toString(number % 900), ' ms') AS body,
      map('thread', toString(number % 8), 'order.id', toString(sipHash64(${seed}, number) % 1000000)) AS attributes,
      sipHash64(service) AS res_id, '1.0.0' AS version, 'production' AS environment
    FROM numbers(${rows})`;
}
