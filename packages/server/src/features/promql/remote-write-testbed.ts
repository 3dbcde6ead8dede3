import type { TestSeries } from './memory-storage-testbed.ts';

const SLICE_MS = 600_000;

/** The same series in slices of time, because Prometheus takes samples in order only. */
export function slicesOf(series: readonly TestSeries[]): TestSeries[][] {
  const slices = new Map<number, TestSeries[]>();
  for (const { labels, samples } of series) {
    const bySlice = new Map<number, TestSeries['samples'][number][]>();
    for (const sample of samples) {
      const slice = Math.floor(sample[0] / SLICE_MS);
      const list = bySlice.get(slice) ?? [];
      bySlice.set(slice, list);
      list.push(sample);
    }
    for (const [slice, list] of bySlice) {
      const entries = slices.get(slice) ?? [];
      slices.set(slice, entries);
      entries.push({ labels, samples: list });
    }
  }
  return [...slices].sort(([a], [b]) => a - b).map(([, entries]) => entries);
}

/** A remote-write 1.0 request: protobuf in snappy. */
export function encodeWriteRequest(series: readonly TestSeries[]): Uint8Array<ArrayBuffer> {
  return asSnappy(Buffer.from(encodeWriteMessage(series)));
}

/** The protobuf of a remote-write 1.0 request; native histograms are left out. */
export function encodeWriteMessage(series: readonly TestSeries[]): Uint8Array<ArrayBuffer> {
  const parts = series.map(({ labels, samples }) => {
    const sorted = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
    const fields = sorted.map(([name, value]) => field(1, Buffer.concat([text(1, name), text(2, value)])));
    const points = samples.map(([time, value]) => {
      if (typeof value === 'object') return Buffer.alloc(0);
      const number = Buffer.alloc(8);
      if (value === 'stale') number.writeBigUInt64LE(0x7ff0000000000002n);
      else number.writeDoubleLE(value);
      return field(2, Buffer.concat([Buffer.from([0x09]), number, Buffer.from([0x10]), varint(BigInt(time))]));
    });
    return field(1, Buffer.concat([...fields, ...points]));
  });
  return new Uint8Array(Buffer.concat(parts));
}

/** Snappy without compression: the length, then literals. */
function asSnappy(content: Buffer): Uint8Array<ArrayBuffer> {
  const chunks: Buffer[] = [varint(BigInt(content.length))];
  for (let at = 0; at < content.length; at += 65_536) {
    const literal = content.subarray(at, at + 65_536);
    chunks.push(Buffer.from([61 << 2, (literal.length - 1) & 0xff, (literal.length - 1) >> 8]), literal);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function field(number: number, content: Buffer): Buffer {
  return Buffer.concat([varint(BigInt((number << 3) | 2)), varint(BigInt(content.length)), content]);
}

function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

function varint(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80n) {
    bytes.push(Number(rest & 0x7fn) | 0x80);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
