import type { TestSeries } from './memory-storage-testbed.ts';

/** Small seeded generator (mulberry32). */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export interface ComplianceData {
  readonly series: readonly TestSeries[];
  readonly startMs: number;
  readonly endMs: number;
}

const SCRAPE_MS = 5000;
const BOUNDS = ['0.0001', '0.00015', '0.0003', '0.001', '0.0065', '0.03', '0.1', '0.2', '+Inf'];

/**
 * Samples like those of the demo service that the compliance queries ask for: three instances scraped every 5 s, with
 * jitter, counter resets, a series that comes and goes (with stale markers), and one that is always the same.
 */
export function complianceData(startMs: number, minutes: number): ComplianceData {
  const next = random(7);
  const endMs = startMs + minutes * 60_000;
  const series: TestSeries[] = [];
  const add = (labels: Record<string, string>, valueAt: (step: number) => number | 'stale' | undefined): void => {
    const samples: [number, number | 'stale'][] = [];
    const phase = 100 + Math.floor(next() * 4000);
    for (let step = 0; startMs + step * SCRAPE_MS + phase < endMs; step += 1) {
      const value = valueAt(step);
      if (value !== undefined) samples.push([startMs + step * SCRAPE_MS + phase, value]);
    }
    series.push({ labels, samples });
  };
  for (const port of [10000, 10001, 10002]) {
    const target = { instance: `demo.promlabs.com:${port}`, job: 'demo' };
    add({ __name__: 'demo_num_cpus', ...target }, () => 4);
    for (const type of ['free', 'used', 'cached', 'buffers']) {
      add({ __name__: 'demo_memory_usage_bytes', ...target, type }, (step) =>
        Math.round(1e9 * (2 + Math.sin(step / 60 + port) + next() / 3)),
      );
    }
    for (const mode of ['idle', 'user', 'system']) addCounter('demo_cpu_usage_seconds_total', { ...target, mode }, 3.7);
    add({ __name__: 'demo_disk_usage_bytes', ...target }, (step) => 1e10 + step * 2.5e6 + next() * 1e6);
    add({ __name__: 'demo_batch_last_success_timestamp_seconds', ...target }, (step) =>
      Math.floor((startMs + step * SCRAPE_MS) / 1000 - (step % 13) * 5 - port / 1e4),
    );
    add({ __name__: 'demo_intermittent_metric', ...target }, (step) => {
      const phase = (step + port) % 60;
      return phase < 40 ? step : phase === 40 ? 'stale' : undefined;
    });
    addHistogram(target);
  }
  return { series, startMs, endMs };

  function addCounter(name: string, labels: Record<string, string>, slope: number): void {
    let total = next() * 100;
    add({ __name__: name, ...labels }, () => {
      total = next() < 0.002 ? next() : total + slope * next();
      return total;
    });
  }

  function addHistogram(target: Record<string, string>): void {
    for (const [method, path, status] of [
      ['GET', '/api/foo', '200'],
      ['POST', '/api/bar', '500'],
    ] as const) {
      const labels = { ...target, method, path, status };
      const counts = BOUNDS.map(() => 0);
      const rows: number[][] = [];
      const sums: number[] = [];
      let sum = 0;
      for (let step = 0; step <= (endMs - startMs) / SCRAPE_MS; step += 1) {
        for (let event = 0; event < 20; event += 1) {
          const bucket = Math.floor(next() ** 1.7 * BOUNDS.length);
          sum += next();
          for (let at = bucket; at < counts.length; at += 1) counts[at] = (counts[at] ?? 0) + 1;
        }
        rows.push([...counts]);
        sums.push(sum);
      }
      const name = 'demo_api_request_duration_seconds';
      BOUNDS.forEach((le, at) => add({ __name__: `${name}_bucket`, ...labels, le }, (step) => rows[step]?.[at]));
      add({ __name__: `${name}_count`, ...labels }, (step) => rows[step]?.at(-1));
      add({ __name__: `${name}_sum`, ...labels }, (step) => sums[step]);
    }
  }
}
