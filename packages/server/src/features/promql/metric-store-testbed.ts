import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  createSeriesIndex,
  decodeOtlpMetrics,
  decodeRemoteWrite,
  defaultDecodeLimits,
  seriesIdentity,
} from '@belay/wire';
import type { DecodedMetrics, SeriesRef } from '@belay/wire';
import { createTelemetryEngine } from '../../platform/clickhouse/telemetry-engine.ts';
import { createTelemetryStore, rowsOfMetrics } from '../telemetry/api.ts';
import type { TelemetryStore } from '../telemetry/api.ts';
import type { TestSeries } from './memory-storage-testbed.ts';
import { encodeWriteMessage } from './remote-write-testbed.ts';

export interface MetricStore {
  readonly store: TelemetryStore;
  /** As Prometheus sends them. */
  writePrometheus(series: readonly TestSeries[]): Promise<void>;
  /** As OTLP/JSON. */
  writeOtlp(body: unknown): Promise<void>;
  /** Ends the engine's process as a crash would. */
  killEngine(): void;
  close(): Promise<void>;
}

const silent = { debug() {}, info() {}, warn() {}, error() {} };

/** A real engine with the telemetry store on it, in a folder of its own. */
export async function openMetricStore(): Promise<MetricStore> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-promql-'));
  const clock = { now: () => Date.now() };
  const engine = createTelemetryEngine({ dataDir, clock, log: silent, minFreeDiskBytes: 0 });
  await engine.whenReady(30_000);
  const store = createTelemetryStore({ engine, clock, log: silent, notBeforeSecond: 0 });
  const index = createSeriesIndex({ registry: createRegistry(), seed: 1 });
  const times = { oldestMs: 0, newestMs: Number.MAX_SAFE_INTEGER, nowSecond: 0 };
  let requests = 0n;
  const write = async (decoded: DecodedMetrics): Promise<void> => {
    requests += 1n;
    const due = [...decoded.points.due].map(([ref, facts]) => {
      const fp = (BigInt(ref.fpHigh) << 32n) | BigInt(ref.fpLow);
      return { key: fp, fp, facts, firstSeen: Math.floor(Date.now() / 1000) };
    });
    await store.write(rowsOfMetrics(decoded, due), { hash: requests, bytes: 1 });
  };
  return {
    store,
    writePrometheus: async (series) => {
      const body = encodeWriteMessage(series);
      await write(decodeRemoteWrite(body, { version: 1, index, times, serviceLabels: ['job'], limits: LIMITS }));
    },
    writeOtlp: async (body) => {
      const bytes = new TextEncoder().encode(JSON.stringify(body));
      await write(decodeOtlpMetrics(bytes, { encoding: 'json', index, times }));
    },
    killEngine() {
      const pid = engine.pid();
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    },
    async close() {
      await store.close();
      await engine.close();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

const LIMITS = { ...defaultDecodeLimits, items: 10_000_000, nodes: 100_000_000 };

function createRegistry() {
  const known = new Map<string, SeriesRef>();
  return {
    find(facts: Parameters<typeof seriesIdentity>[0]): SeriesRef {
      const identity = seriesIdentity(facts);
      const found = known.get(identity);
      if (found !== undefined) return found;
      const series = { metric: facts.metric, fpLow: known.size + 1, fpHigh: 0x8000_0000, dueAt: 0, heardAt: 0 };
      known.set(identity, series);
      return series;
    },
    describe() {},
  };
}
