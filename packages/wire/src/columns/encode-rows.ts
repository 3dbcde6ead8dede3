import type { FlatAttributes, LogRow, ResourceFacts, SpanRow } from '../otlp/telemetry-batch.ts';
import { encodeUtf8 } from '../otlp/utf8.ts';
import { appendByte, appendRange, appendVarint, type ByteBuffer, createByteBuffer } from './byte-buffer.ts';

/** A request in protobuf whose resources are given beside it, one a section. */
export interface EncodedRows {
  readonly body: Uint8Array;
  readonly resources: readonly ResourceFacts[];
}

/** Writes spans as an ExportTraceServiceRequest, so that rows and requests become columns in one way. */
export function encodeSpanRows(rows: readonly SpanRow[]): EncodedRows {
  return encodeSections(rows, writeSpan);
}

/** Writes log records as an ExportLogsServiceRequest. */
export function encodeLogRows(rows: readonly LogRow[]): EncodedRows {
  return encodeSections(rows, writeLog);
}

interface Item {
  readonly resource: ResourceFacts;
  readonly scope: string;
}

function encodeSections<Row extends Item>(
  rows: readonly Row[],
  write: (out: ByteBuffer, row: Row) => void,
): EncodedRows {
  const body = createByteBuffer();
  const resources: ResourceFacts[] = [];
  let at = 0;
  while (at < rows.length) {
    const first = rows[at];
    if (first === undefined) break;
    const items = createByteBuffer();
    message(items, 0x0a, (scope) => text(scope, 0x0a, first.scope));
    for (
      let row: Row | undefined = first;
      row?.resource === first.resource && row.scope === first.scope;
      row = rows[at]
    ) {
      const item = row;
      message(items, 0x12, (out) => write(out, item));
      at += 1;
    }
    resources.push(first.resource);
    message(body, 0x0a, (section) => bytes(section, 0x12, items.bytes.subarray(0, items.length)));
  }
  return { body: body.bytes.subarray(0, body.length), resources };
}

function writeSpan(out: ByteBuffer, span: SpanRow): void {
  bytes(out, 0x0a, span.traceId);
  bytes(out, 0x12, span.spanId);
  bytes(out, 0x22, span.parentId);
  text(out, 0x2a, span.name);
  number(out, 0x30, span.kind);
  fixed64(out, 0x39, span.startNs);
  fixed64(out, 0x41, span.endNs);
  attributes(out, 0x4a, span.attributes);
  for (const event of span.events) {
    message(out, 0x5a, (inner) => {
      fixed64(inner, 0x09, event.timeNs);
      text(inner, 0x12, event.name);
      attributes(inner, 0x1a, event.attributes);
    });
  }
  for (const link of span.links) {
    message(out, 0x6a, (inner) => {
      bytes(inner, 0x0a, link.traceId);
      bytes(inner, 0x12, link.spanId);
    });
  }
  message(out, 0x7a, (status) => {
    text(status, 0x12, span.statusMessage);
    number(status, 0x18, span.statusCode);
  });
}

function writeLog(out: ByteBuffer, log: LogRow): void {
  fixed64(out, 0x09, log.timeNs);
  number(out, 0x10, log.severity);
  text(out, 0x1a, log.severityText);
  message(out, 0x2a, (body) => text(body, 0x0a, log.body));
  attributes(out, 0x32, log.attributes);
  bytes(out, 0x4a, log.traceId);
  bytes(out, 0x52, log.spanId);
  text(out, 0x62, log.eventName);
}

function attributes(out: ByteBuffer, tag: number, flat: FlatAttributes): void {
  for (let i = 0; i + 1 < flat.length; i += 2) {
    message(out, tag, (inner) => {
      text(inner, 0x0a, flat[i] ?? '');
      message(inner, 0x12, (value) => text(value, 0x0a, flat[i + 1] ?? ''));
    });
  }
}

function message(out: ByteBuffer, tag: number, write: (inner: ByteBuffer) => void): void {
  const inner = createInner();
  write(inner);
  bytes(out, tag, inner.bytes.subarray(0, inner.length));
}

function createInner(): ByteBuffer {
  return { bytes: new Uint8Array(64), length: 0 };
}

function bytes(out: ByteBuffer, tag: number, value: Uint8Array): void {
  appendByte(out, tag);
  appendVarint(out, value.length);
  appendRange(out, value, 0, value.length);
}

function text(out: ByteBuffer, tag: number, value: string): void {
  bytes(out, tag, encodeUtf8(value));
}

function number(out: ByteBuffer, tag: number, value: number): void {
  appendByte(out, tag);
  appendVarint(out, value);
}

function fixed64(out: ByteBuffer, tag: number, value: bigint): void {
  appendByte(out, tag);
  for (let shift = 0n; shift < 64n; shift += 8n) appendByte(out, Number((value >> shift) & 0xffn));
}
