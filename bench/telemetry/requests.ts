// Requests of the OTLP benches: what services send, as bytes that were made beforehand.
import { field, fixed, text } from '../metrics/protobuf.ts';

/** Rows of a request. */
export const ITEMS = { spans: 512, logs: 512, outcomes: 256, points: 512 } as const;
export const PATHS = { spans: 'traces', logs: 'logs', outcomes: 'metrics', points: 'metrics' } as const;
const OUTCOMES_OF_A_LINE = ['accepted', 'charged', 'refused by the bank', 'sent to the warehouse', 'cancelled'];

/** A protobuf request; every span has its own ids, ten attributes, and every tenth one a flag evaluation. */
export function bodyOf(signal: keyof typeof ITEMS, serial: number, instance = `i-${serial % 8}`): Buffer {
  const nowNs = BigInt(Date.now()) * 1_000_000n;
  const resource = field(
    1,
    Buffer.concat([attribute(1, 'service.name', 'bench'), attribute(1, 'service.instance.id', instance)]),
  );
  const content = contentOf(signal, serial, nowNs);
  return field(1, Buffer.concat([resource, field(2, Buffer.concat(content))]));
}

function contentOf(signal: keyof typeof ITEMS, serial: number, nowNs: bigint): Buffer[] {
  if (signal === 'outcomes') return outcomeMetrics(nowNs, serial);
  if (signal === 'points') return [gauge(nowNs, serial)];
  const itemOf = signal === 'spans' ? span : log;
  return Array.from({ length: ITEMS[signal] }, (_, index) => field(2, itemOf(serial, index, nowNs)));
}

function span(serial: number, index: number, nowNs: bigint): Buffer {
  const id = Buffer.alloc(16);
  id.writeUInt32LE(Math.trunc(Math.random() * 2 ** 32), 0);
  id.writeUInt32LE(Math.trunc(Math.random() * 2 ** 32), 4);
  id.writeUInt32LE(serial, 8);
  id.writeUInt32LE(index + 1, 12);
  const durationNs = BigInt(Math.trunc(5e6 * (1 + Math.random() * 20)));
  const attributes = [
    attribute(9, 'http.request.method', 'GET'),
    attribute(9, 'http.route', `/api/items/${index % 20}`),
    attribute(9, 'http.response.status_code', index % 100 === 0 ? '500' : '200'),
    attribute(9, 'url.path', `/api/items/${index % 20}/${serial * 1000 + index}`),
    attribute(9, 'server.address', 'shop.example'),
    attribute(9, 'network.protocol.version', '1.1'),
    attribute(9, 'user_agent.original', 'Mozilla/5.0 (X11; Linux x86_64) bench'),
    attribute(9, 'client.address', `10.0.${index % 256}.${serial % 256}`),
    attribute(9, 'tenant', `t-${index % 50}`),
    attribute(9, 'thread.id', String(index % 16)),
  ];
  const evaluation = [
    fixed(1, nowNs),
    text(2, 'feature_flag.evaluation'),
    attribute(3, 'feature_flag.key', 'bench.flag'),
    attribute(3, 'feature_flag.result.variant', serial % 2 === 0 ? 'on' : 'off'),
    attribute(3, 'feature_flag.context.id', `user-${index}`),
  ];
  return Buffer.concat([
    field(1, id),
    field(2, id.subarray(8)),
    text(5, `GET /api/items/${index % 20}`),
    Buffer.of(0x30, 2),
    fixed(7, nowNs),
    fixed(8, nowNs + durationNs),
    ...attributes,
    ...(index % 10 === 0 ? [field(11, Buffer.concat(evaluation))] : []),
  ]);
}

/** A line as services write them: a sentence with an id, a duration and a name, five attributes, half with a trace. */
function log(serial: number, index: number, nowNs: bigint): Buffer {
  const id = Buffer.alloc(16);
  id.writeUInt32LE(Math.trunc(Math.random() * 2 ** 32), 0);
  id.writeUInt32LE(serial + 1, 8);
  id.writeUInt32LE(index + 1, 12);
  const line = `order ${serial * 1000 + index} ${OUTCOMES_OF_A_LINE[index % 5]} in ${Math.trunc(Math.random() * 900)} ms`;
  return Buffer.concat([
    fixed(1, nowNs),
    Buffer.of(0x10, index % 50 === 0 ? 17 : 9),
    text(3, index % 50 === 0 ? 'ERROR' : 'INFO'),
    field(5, text(1, line)),
    attribute(6, 'logger.name', `shop.${index % 12}`),
    attribute(6, 'thread.name', `worker-${index % 16}`),
    attribute(6, 'tenant', `t-${index % 50}`),
    attribute(6, 'code.function.name', `handle${index % 40}`),
    attribute(6, 'client.address', `10.0.${index % 256}.${serial % 256}`),
    ...(index % 2 === 0 ? [field(9, id), field(10, id.subarray(8))] : []),
  ]);
}

/** One gauge of many series. */
function gauge(nowNs: bigint, serial: number): Buffer {
  const points = Array.from({ length: ITEMS.points }, (_, index) =>
    field(
      1,
      Buffer.concat([
        fixed(3, nowNs),
        fixed(4, serial * 3 + index + 0.5),
        attribute(7, 'series', String(index)),
        attribute(7, 'route', `/api/items/${index % 40}`),
      ]),
    ),
  );
  return field(2, Buffer.concat([text(1, 'queue.depth'), field(5, Buffer.concat(points))]));
}

/** Units and durations of 256 series: each becomes one row. */
function outcomeMetrics(nowNs: bigint, serial: number): Buffer[] {
  const series = Array.from({ length: ITEMS.outcomes }, (_, index) => [
    ['feature_flag.key', `flag-${index % 8}`],
    ['feature_flag.version', '12'],
    ['feature_flag.result.variant', index % 2 === 0 ? 'on' : 'off'],
    ['belay.arm', 'randomised'],
    ['belay.side', index % 2 === 0 ? 'canary' : 'control'],
    ['belay.rollout', `ro_${serial % 50}_${index}`],
    ['belay.group', String(index % 32)],
  ]);
  const units = series.map((names) =>
    field(1, Buffer.concat([fixed(3, nowNs), fixed(6, 40n), ...names.map(([k = '', v = '']) => attribute(7, k, v))])),
  );
  const buckets = Buffer.concat([
    Buffer.of(0x08, 100),
    field(2, Buffer.from(Array.from({ length: 24 }, (_, i) => i % 5))),
  ]);
  const durations = series.map((names) =>
    field(
      1,
      Buffer.concat([
        ...names.map(([k = '', v = '']) => attribute(1, k, v)),
        fixed(3, nowNs),
        Buffer.of(0x30, 8),
        field(8, buckets),
      ]),
    ),
  );
  const delta = Buffer.of(0x10, 1);
  return [
    field(2, Buffer.concat([text(1, 'belay.outcome.units'), field(7, Buffer.concat([...units, delta]))])),
    field(2, Buffer.concat([text(1, 'belay.outcome.duration'), field(10, Buffer.concat([...durations, delta]))])),
  ];
}

function attribute(number: number, key: string, value: string): Buffer {
  return field(number, Buffer.concat([text(1, key), field(2, text(1, value))]));
}
