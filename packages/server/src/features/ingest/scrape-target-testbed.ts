import { once } from 'node:events';
import { createServer } from 'node:http';

export interface ScrapeTarget {
  /** `host:port` */
  readonly address: string;
  /** Series of `goes` are told no longer, which Prometheus marks with a stale marker. */
  endOneSeries(): void;
  close(): Promise<void>;
}

/** A small service that Prometheus scrapes: counters, gauges with every kind of value, and a classic histogram. */
export async function startScrapeTarget(): Promise<ScrapeTarget> {
  let scrapes = 0;
  let goes = true;
  const server = createServer((_request, response) => {
    scrapes += 1;
    const counters = Array.from({ length: 50 }, (_, i) => `requests_total{route="/r${i}"} ${scrapes * (i + 1)}`);
    const buckets = [0.1, 1].map((le, i) => `latency_seconds_bucket{le="${le}"} ${scrapes * (i + 1)}`);
    response.end(
      [
        '# HELP requests_total Requests served',
        '# TYPE requests_total counter',
        ...counters,
        '# HELP temperature_celsius How warm it is',
        '# TYPE temperature_celsius gauge',
        `temperature_celsius{of="finite"} ${Math.sin(scrapes) * 20}`,
        'temperature_celsius{of="infinite"} +Inf',
        'temperature_celsius{of="nothing"} NaN',
        ...(goes ? ['temperature_celsius{of="goes"} 1'] : []),
        '# TYPE latency_seconds histogram',
        ...buckets,
        `latency_seconds_bucket{le="+Inf"} ${3 * scrapes}`,
        `latency_seconds_sum ${scrapes / 3}`,
        `latency_seconds_count ${3 * scrapes}`,
        '',
      ].join('\n'),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return {
    address: typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '',
    endOneSeries: () => {
      goes = false;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
