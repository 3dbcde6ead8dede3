import type { ExponentialPoint, HistogramPoint } from '../metrics/metric-points.ts';
import { trimmed } from '../otlp/metric-emitter.ts';
import { malformed, type ProtobufCursor, readDouble, readInt64 } from '../otlp/protobuf-cursor.ts';
import { readMessage, readSint32, readVarint, skipBytes } from '../otlp/protobuf-cursor.ts';

/** A native histogram as both versions of remote write send it; the field numbers are the same. */
export interface NativeHistogram {
  count: number;
  sum: number;
  isStale: boolean;
  schema: number;
  zeroThreshold: number;
  zeroCount: number;
  readonly negative: Side;
  readonly positive: Side;
  timeMs: number;
  startMs: number;
  readonly bounds: number[];
}

interface Side {
  readonly spans: (readonly [offset: number, length: number])[];
  readonly deltas: number[];
  /** Of float histograms: counts as they are. */
  readonly counts: number[];
}

/** Schema of histograms with custom bounds. */
const CUSTOM_BOUNDS = -53;
const COARSEST = -4;
const FINEST = 8;
const FIELD = 'timeseries.histograms';

/** Reads a Histogram message that follows at the cursor. */
export function readNativeHistogram(cursor: ProtobufCursor, limit: number): NativeHistogram {
  const side = (): Side => ({ spans: [], deltas: [], counts: [] });
  const histogram: NativeHistogram = {
    count: 0,
    sum: 0,
    isStale: false,
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    negative: side(),
    positive: side(),
    timeMs: 0,
    startMs: 0,
    bounds: [],
  };
  readMessage(cursor, FIELD, (number, wire) => readField(cursor, histogram, { number, wire, limit }));
  return histogram;
}

interface FieldAt {
  readonly number: number;
  readonly wire: number;
  readonly limit: number;
}

function readField(cursor: ProtobufCursor, histogram: NativeHistogram, { number, wire, limit }: FieldAt): boolean {
  if (number === 1 && wire === 0) histogram.count = readVarint(cursor, `${FIELD}.count_int`);
  else if (number === 2 && wire === 1) histogram.count = readDouble(cursor, `${FIELD}.count_float`);
  else if (number === 3 && wire === 1) readSum(cursor, histogram);
  else if (number === 4 && wire === 0) histogram.schema = readSint32(cursor, `${FIELD}.schema`);
  else if (number === 5 && wire === 1) histogram.zeroThreshold = readDouble(cursor, `${FIELD}.zero_threshold`);
  else if (number === 6 && wire === 0) histogram.zeroCount = readVarint(cursor, `${FIELD}.zero_count_int`);
  else if (number === 7 && wire === 1) histogram.zeroCount = readDouble(cursor, `${FIELD}.zero_count_float`);
  else if (number >= 8 && number <= 10) readSide(cursor, histogram.negative, { number: number - 8, wire, limit });
  else if (number >= 11 && number <= 13) readSide(cursor, histogram.positive, { number: number - 11, wire, limit });
  else if (number === 15 && wire === 0) histogram.timeMs = Number(readInt64(cursor, `${FIELD}.timestamp`));
  else if (number === 16) readDoubles(cursor, histogram.bounds, { wire, limit });
  else if (number === 17 && wire === 0) histogram.startMs = Number(readInt64(cursor, `${FIELD}.start_timestamp`));
  else return false;
  return true;
}

/** The payload of a NaN does not survive every way through the runtime, so the stale marker is told by its bits. */
function readSum(cursor: ProtobufCursor, histogram: NativeHistogram): void {
  const at = skipBytes(cursor, 8, `${FIELD}.sum`);
  const { view } = cursor;
  histogram.sum = view.getFloat64(at, true);
  histogram.isStale = view.getUint32(at, true) === 2 && view.getUint32(at + 4, true) === 0x7ff0_0000;
}

function readSide(cursor: ProtobufCursor, side: Side, { number, wire, limit }: FieldAt): void {
  if (number === 0) side.spans.push(readSpan(cursor, side, limit));
  else if (number === 1) readPacked(cursor, side.deltas, { wire, limit });
  else readDoubles(cursor, side.counts, { wire, limit });
}

function readSpan(cursor: ProtobufCursor, side: Side, limit: number): readonly [number, number] {
  if (side.spans.length >= limit) throw malformed(cursor, FIELD, `there are more than ${limit} spans`);
  let offset = 0;
  let length = 0;
  readMessage(cursor, `${FIELD}.spans`, (number, wire) => {
    if (number === 1 && wire === 0) offset = readSint32(cursor, `${FIELD}.spans.offset`);
    else if (number === 2 && wire === 0) length = readVarint(cursor, `${FIELD}.spans.length`);
    else return false;
    return true;
  });
  return [offset, length];
}

interface ListAt {
  readonly wire: number;
  readonly limit: number;
}

function readPacked(cursor: ProtobufCursor, into: number[], { wire, limit }: ListAt): void {
  const take = (): void => {
    if (into.length >= limit) throw malformed(cursor, FIELD, `there are more than ${limit} buckets`);
    into.push(readZigzag(cursor));
  };
  if (wire === 0) return take();
  const end = readVarint(cursor, FIELD) + cursor.at;
  if (end > cursor.end) throw malformed(cursor, FIELD, 'the message ends early');
  const outer = cursor.end;
  cursor.end = end;
  while (cursor.at < cursor.end) take();
  cursor.end = outer;
}

/** A sint64; counts beyond 2^53 would not be exact and do not occur. */
function readZigzag(cursor: ProtobufCursor): number {
  const raw = BigInt.asUintN(64, readInt64(cursor, FIELD));
  return Number(raw % 2n === 0n ? raw / 2n : -(raw + 1n) / 2n);
}

function readDoubles(cursor: ProtobufCursor, into: number[], { wire, limit }: ListAt): void {
  const length = wire === 1 ? 8 : readVarint(cursor, FIELD);
  const start = skipBytes(cursor, length, FIELD);
  if (length % 8 !== 0) throw malformed(cursor, FIELD, `${length} bytes are not a list of doubles`);
  if (into.length + length / 8 > limit) throw malformed(cursor, FIELD, `there are more than ${limit} numbers`);
  for (let at = start; at < start + length; at += 8) into.push(cursor.view.getFloat64(at, true));
}

type Row =
  | { readonly exponential: Omit<ExponentialPoint, 'series'> }
  | { readonly histogram: Omit<HistogramPoint, 'series'> }
  | { readonly problem: string };

/** Brings a native histogram into the shape it is stored in, or tells why it cannot be stored. */
export function rowOfNative(native: NativeHistogram, limit: number): Row {
  const { schema, isStale, timeMs, startMs } = native;
  const sum = isStale ? Number.NaN : native.sum;
  const common = { timeMs, startMs, count: isStale ? 0 : native.count, sum, min: null, max: null, isStale };
  if (schema !== CUSTOM_BOUNDS && (schema < COARSEST || schema > FINEST)) {
    return {
      problem: `a native histogram has the schema ${schema}; it should be from ${COARSEST} to ${FINEST}, or -53`,
    };
  }
  const positive = denseCounts(native.positive, limit);
  const negative = denseCounts(native.negative, limit);
  if (positive === undefined || negative === undefined) {
    return { problem: `the spans of a native histogram do not fit its buckets, or reach over more than ${limit}` };
  }
  if (schema === CUSTOM_BOUNDS) {
    const { bounds } = native;
    const counts = Array.from({ length: bounds.length + 1 }, (_, i) => positive.counts[i - positive.offset] ?? 0);
    if (positive.offset < 0 || positive.offset + positive.counts.length > counts.length) {
      return { problem: `a native histogram has more buckets than its ${bounds.length} custom bounds allow` };
    }
    return { histogram: { ...common, bounds, counts } };
  }
  // Prometheus counts buckets by their upper bound, OpenTelemetry by their lower one.
  const [positiveOffset, positiveCounts] = trimmed(positive.offset - 1, positive.counts);
  const [negativeOffset, negativeCounts] = trimmed(negative.offset - 1, negative.counts);
  const { zeroCount, zeroThreshold } = native;
  return {
    exponential: {
      ...common,
      scale: schema,
      zeroCount,
      zeroThreshold,
      positiveOffset,
      positive: positiveCounts,
      negativeOffset,
      negative: negativeCounts,
    },
  };
}

/** Spans with gaps become one run of counts from the first bucket on; undefined where they do not fit. */
function denseCounts({ spans, deltas, counts }: Side, limit: number): { offset: number; counts: number[] } | undefined {
  const dense: number[] = [];
  const offset = spans[0]?.[0] ?? 0;
  const isFloat = counts.length > 0;
  const given = isFloat ? counts.length : deltas.length;
  let taken = 0;
  let running = 0;
  for (const [index, [gap, length]] of spans.entries()) {
    const empty = index === 0 ? 0 : gap;
    if (empty < 0 || taken + length > given || dense.length + empty + length > limit) return undefined;
    for (let i = 0; i < empty; i += 1) dense.push(0);
    for (let i = 0; i < length; i += 1) {
      running += deltas[taken] ?? 0;
      const count = isFloat ? (counts[taken] ?? 0) : running;
      if (!(count >= 0)) return undefined;
      dense.push(count);
      taken += 1;
    }
  }
  return taken === given ? { offset, counts: dense } : undefined;
}
