import type { DecodedMetrics, PointSink, TimeBounds } from '../metrics/metric-points.ts';
import type { SeriesIndex } from '../metrics/series-index.ts';
import type { SeriesRef } from '../metrics/series.ts';
import type { DecodeLimits } from '../otlp/decode-limits.ts';
import { fromHex } from '../otlp/hex.ts';
import type { ProtobufContext } from '../otlp/protobuf-attributes.ts';
import {
  malformed,
  type ProtobufCursor,
  readInt64,
  readVarint,
  skipBytes,
  skipField,
} from '../otlp/protobuf-cursor.ts';
import { readNativeHistogram, rowOfNative } from './native-histogram.ts';

/** Options of decoding a remote-write request. */
export interface DecodeWriteOptions {
  /** 1: `prometheus.WriteRequest`; 2: `io.prometheus.write.v2.Request`. */
  readonly version: 1 | 2;
  readonly index: SeriesIndex;
  readonly times: TimeBounds;
  /** Labels that name the service of a series; the first that is there counts. */
  readonly serviceLabels: readonly string[];
  readonly limits?: DecodeLimits;
}

/** A decoded remote-write request, with the numbers that version 2 answers with. */
export interface DecodedWrite extends DecodedMetrics {
  readonly written: { readonly samples: number; readonly histograms: number; readonly exemplars: number };
}

/** What reading one request carries along. */
export interface WriteReading {
  readonly context: ProtobufContext;
  readonly sink: PointSink;
  readonly index: SeriesIndex;
  readonly serviceLabels: readonly string[];
}

const SAMPLE = 'timeseries.samples';

/** Reads a Sample that follows: 1 value, 2 timestamp in ms; both versions are the same. */
export function readSample({ context, sink }: WriteReading, series: SeriesRef): void {
  const { cursor } = context;
  context.budget.takeItem();
  const outer = openMessage(cursor, SAMPLE);
  let low = 0;
  let high = 0;
  let timeMs = 0;
  while (cursor.at < cursor.end) {
    const tag = cursor.bytes[cursor.at] ?? 0;
    cursor.at += 1;
    if (tag === 0x09) {
      const at = skipBytes(cursor, 8, SAMPLE);
      low = cursor.view.getUint32(at, true);
      high = cursor.view.getUint32(at + 4, true);
    } else if (tag === 0x10) timeMs = readTimestamp(cursor);
    else skipOther(cursor, SAMPLE);
  }
  cursor.end = outer;
  if (sink.isInTime(timeMs)) sink.addNumber(series, timeMs, low, high);
}

/** Reads a native histogram that follows. */
export function readHistogram({ context, sink }: WriteReading, series: SeriesRef): void {
  const { cursor, budget } = context;
  budget.takeItem();
  const native = readNativeHistogram(cursor, budget.limits.buckets);
  const row = rowOfNative(native, budget.limits.buckets);
  if ('problem' in row) sink.refuse('invalid', row.problem);
  else if (!sink.isInTime(native.timeMs)) return;
  else if ('histogram' in row) sink.points.histograms.push({ series, ...row.histogram });
  else sink.points.exponentials.push({ series, ...row.exponential });
}

/** Adds an exemplar; Prometheus puts the ids of its trace among the labels. */
export function addExemplar(
  sink: PointSink,
  series: SeriesRef,
  exemplar: { readonly labels: readonly string[]; readonly value: number; readonly timeMs: number },
): void {
  const attributes: string[] = [];
  let traceId: Uint8Array = NONE;
  let spanId: Uint8Array = NONE;
  for (let i = 0; i + 1 < exemplar.labels.length; i += 2) {
    const key = exemplar.labels[i] ?? '';
    const value = exemplar.labels[i + 1] ?? '';
    const bytes = key === 'trace_id' || key === 'span_id' ? (fromHex(value) ?? NONE) : NONE;
    if (key === 'trace_id' && bytes.length === 16) traceId = bytes;
    else if (key === 'span_id' && bytes.length === 8) spanId = bytes;
    else attributes.push(key, value);
  }
  sink.points.exemplars.push({ series, timeMs: exemplar.timeMs, value: exemplar.value, traceId, spanId, attributes });
}

const NONE = new Uint8Array(0);

/** Narrows the cursor to the message that follows; returns the end to restore. */
export function openMessage(cursor: ProtobufCursor, field: string): number {
  const outer = cursor.end;
  const length = readVarint(cursor, field);
  if (length > outer - cursor.at) throw malformed(cursor, field, `the message ends early (its last byte is ${outer})`);
  cursor.end = cursor.at + length;
  return outer;
}

/** Steps over a field whose first tag byte has just been read and was none that is known. */
export function skipOther(cursor: ProtobufCursor, field: string): void {
  cursor.at -= 1;
  const tag = readVarint(cursor, field);
  const number = Math.floor(tag / 8);
  if (number === 0 || number > 0x1fff_ffff) throw malformed(cursor, field, `the field number ${number} is not valid`);
  skipField(cursor, tag % 8, `${field} field ${number}`);
}

/** Reads an int64 of milliseconds. */
export function readTimestamp(cursor: ProtobufCursor): number {
  // A time of this century takes six bytes; a negative number takes ten and goes the general way.
  const { bytes, at } = cursor;
  let value = 0;
  let factor = 1;
  for (let count = 0; count < 7 && at + count < cursor.end; count += 1) {
    const byte = bytes[at + count] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) {
      cursor.at = at + count + 1;
      return value;
    }
    factor *= 128;
  }
  return Number(readInt64(cursor, `${SAMPLE}.timestamp`));
}

/** The reason that a sender is told when series are too many. */
export const TOO_MANY_SERIES =
  'a service has too many new series: see GET /api/v1/metrics/cardinality for the label that makes them';
