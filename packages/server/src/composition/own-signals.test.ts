import { expect, test } from 'vitest';
import { selfMetrics } from '../features/health/self-metrics.ts';
import { selfSignals } from '../features/signals/api.ts';

const NOTHING = { cancelled: 0, totalMs: 1, maxMs: 1, rowsAnswered: 1 };

test('every signal of Belay itself is made of a metric that Belay stores of itself', () => {
  const metrics = selfMetrics(
    {
      version: '1.0.0',
      startedAt: 0,
      ready: true,
      checks: [],
      loop: { lastTickAt: 1, lastTickMs: 2, lagBlocks: 0 },
      ingest: { accepted: 0, refused: 0, shed: 0, duplicates: 0, late: 0 },
      policy: { profile: 'standard', sentences: [] },
    },
    {
      eventLoop: { p50: 1, p99: 2 },
      cpuSeconds: 1,
      residentBytes: 1,
      engineResidentBytes: 1,
      streams: 0,
      acknowledging: { p50: 1, p95: 2 },
      waitingBytes: 0,
      rowsStored: 0,
      commitFailures: 0,
      dropped: new Map([['overloaded', 0]]),
      storeBytes: new Map([
        ['spans', 5],
        ['logs', 7],
      ]),
      freeDiskBytes: 1,
      queries: [{ name: 'traces.list', count: 3, failed: 0, p50Ms: 1, p95Ms: 2, rowsRead: 1, ...NOTHING }],
    },
  );
  for (const { metric, input } of selfSignals) {
    const where = input.from.type === 'metric' ? (input.from.where ?? {}) : {};
    const values = metrics.find(({ name }) => name === metric)?.values ?? [];
    const matching = values.filter(({ labels = {} }) =>
      Object.entries(where).every(([key, value]) => labels[key] === value),
    );
    expect({ metric, matching: matching.length }).toEqual({ metric, matching: 1 });
  }
  expect(metrics.find(({ name }) => name === 'belay_store_total_bytes')?.values).toEqual([{ value: 12 }]);
});
