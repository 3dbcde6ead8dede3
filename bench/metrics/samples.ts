import { field, fixed, integer, packed, text } from './protobuf.ts';
import { compressSnappy } from './snappy-encoder.ts';

export interface Shape {
  readonly series: number;
  readonly scrapes: number;
  readonly samplesPerRequest: number;
  /** Requests of one connection are in order of time, as Prometheus sends them. */
  readonly connections: number;
  /** Time of the last scrape, Unix ms. */
  readonly endMs: number;
}

export const SCRAPE_MS = 15_000;
const ROUTES = 40;

/** Labels of a series: two in five are buckets of a histogram, two in five counters, one in five a gauge. */
function labelsOf(index: number): readonly (readonly [string, string])[] {
  const kind = index % 5;
  const common = [
    ['cluster', 'eu-1'],
    ['env', 'production'],
    ['instance', `10.0.${Math.floor(index / 400) % 256}.${Math.floor(index / ROUTES) % 10}:9090`],
    ['job', `service-${Math.floor(index / 1000)}`],
    ['method', index % 2 === 0 ? 'GET' : 'POST'],
    ['route', `/api/items/${index % ROUTES}`],
    ['series', String(index)],
  ] as const;
  if (kind < 2) {
    const le = [0.1, 0.5, 1, 5][index % 4];
    return [['__name__', 'http_request_duration_seconds_bucket'], ...common, ['le', String(le)]];
  }
  return [['__name__', kind < 4 ? 'http_requests_total' : 'process_resident_memory_bytes'], ...common];
}

/** Requests by connection, each in order of time. Counters grow by what small services count in 15 seconds. */
export function writeRequests(shape: Shape): Buffer[][] {
  const { series, scrapes, samplesPerRequest, connections, endMs } = shape;
  const random = mulberry(7);
  const heads = Array.from({ length: series }, (_, index) =>
    Buffer.concat(labelsOf(index).map(([name, value]) => field(1, Buffer.concat([text(1, name), text(2, value)])))),
  );
  const values = Array.from({ length: series }, (_, index) => (index % 5 === 4 ? 1e8 : Math.floor(random() * 1e4)));
  const shards: Buffer[][] = Array.from({ length: connections }, () => []);
  // A request holds several scrapes of its connection's series, as when Prometheus catches up.
  const waiting: Buffer[][] = Array.from({ length: connections }, () => []);
  for (let scrape = 0; scrape < scrapes; scrape += 1) {
    const timeMs = endMs - (scrapes - 1 - scrape) * SCRAPE_MS;
    for (let shard = 0; shard < connections; shard += 1) {
      let parts = waiting[shard] ?? [];
      for (let index = shard; index < series; index += connections) {
        const grows = index % 5 === 4 ? Math.floor((random() - 0.5) * 1e6) * 4096 : Math.floor(random() * 12);
        values[index] = Math.max(0, (values[index] ?? 0) + grows);
        const sample = Buffer.concat([fixed(1, values[index] ?? 0), integer(2, timeMs)]);
        parts.push(field(1, Buffer.concat([heads[index] ?? Buffer.alloc(0), field(2, sample)])));
        if (parts.length < samplesPerRequest) continue;
        shards[shard]?.push(compressSnappy(Buffer.concat(parts)));
        parts = [];
      }
      waiting[shard] = parts;
    }
  }
  for (const [shard, parts] of waiting.entries()) {
    if (parts.length > 0) shards[shard]?.push(compressSnappy(Buffer.concat(parts)));
  }
  return shards;
}

/** An OTLP request: of eight points six are numbers, one is a histogram of 14 bounds, one an exponential of 80 buckets. */
export function otlpRequest(serial: number, points: number): Buffer {
  const now = BigInt(Date.now()) * 1_000_000n;
  const attributes = (number: number, index: number) =>
    Buffer.concat(
      [
        ['http.route', `/api/items/${index % ROUTES}`],
        ['http.request.method', index % 2 === 0 ? 'GET' : 'POST'],
        ['series', String(index)],
      ].map(([key = '', value = '']) => field(number, Buffer.concat([text(1, key), field(2, text(1, value))]))),
    );
  const many = (share: number, make: (index: number) => Buffer) =>
    Array.from({ length: (points * share) / 8 }, (_, index) => field(1, make(index)));
  const number = (index: number) =>
    Buffer.concat([attributes(7, index), fixed(3, now), fixed(4, serial * 3 + index + 0.5)]);
  const histogram = (index: number) =>
    Buffer.concat([
      attributes(9, index),
      fixed(3, now),
      fixed(4, BigInt(serial * 15)),
      fixed(5, serial * 1.5),
      packed(
        6,
        Array.from({ length: 15 }, (_, i) => BigInt(serial + i)),
      ),
      packed(
        7,
        Array.from({ length: 14 }, (_, i) => 0.005 * 2 ** i),
      ),
    ]);
  const buckets = Buffer.concat([
    integer(1, 200),
    field(2, Buffer.from(Array.from({ length: 80 }, (_, i) => i % 100))),
  ]);
  const exponential = (index: number) =>
    Buffer.concat([
      attributes(1, index),
      fixed(3, now),
      fixed(4, 3160n),
      fixed(5, serial * 2.5),
      integer(6, 8),
      field(8, buckets),
    ]);
  const sum = Buffer.concat([...many(4, number), integer(2, 2), integer(3, 1)]);
  const metrics = [
    Buffer.concat([text(1, 'http.server.requests'), field(7, sum)]),
    Buffer.concat([text(1, 'queue.depth'), field(5, Buffer.concat(many(2, number)))]),
    Buffer.concat([
      text(1, 'http.duration'),
      text(3, 's'),
      field(9, Buffer.concat([...many(1, histogram), integer(2, 2)])),
    ]),
    Buffer.concat([
      text(1, 'rpc.size'),
      text(3, 'By'),
      field(10, Buffer.concat([...many(1, exponential), integer(2, 2)])),
    ]),
  ];
  const name = (key: string, value: string) => field(1, Buffer.concat([text(1, key), field(2, text(1, value))]));
  const resource = Buffer.concat([name('service.name', 'bench'), name('service.instance.id', `i-${serial % 8}`)]);
  return field(
    1,
    Buffer.concat([field(1, resource), field(2, Buffer.concat(metrics.map((metric) => field(2, metric))))]),
  );
}

function mulberry(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
