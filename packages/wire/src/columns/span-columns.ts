import type { ResourceFacts } from '../otlp/telemetry-batch.ts';
import {
  type AttributeColumns,
  type AttributeDraft,
  clearAttributes,
  createAttributeDraft,
  type KeyTable,
  takeAttributes,
} from './attribute-columns.ts';
import {
  type ByteBuffer,
  clearBytes,
  clearWords,
  createByteBuffer,
  createWordBuffer,
  takeBytes,
  takeWords,
  type WordBuffer,
} from './byte-buffer.ts';
import {
  type ByteDictionary,
  clearDictionary,
  createByteDictionary,
  entryTexts,
  type TextColumn,
} from './byte-dictionary.ts';

/** The spans of one request column by column, as ClickHouse's Native format lays them out (little-endian). */
export interface SpanColumns {
  readonly rows: number;
  /** Who speaks in the request, without secrets. */
  readonly resources: readonly ResourceFacts[];
  /** Index into `resources` of each row. */
  readonly resource: Uint32Array;
  /** Start, Unix ns as Int64. */
  readonly time: Uint32Array;
  /** End minus start in ns as UInt64; 0 where the end comes first. */
  readonly duration: Uint32Array;
  /** 16, 8 and 8 bytes a row; a parent of zeros is none. */
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly parentId: Uint8Array;
  readonly kind: Uint8Array;
  readonly status: Uint8Array;
  readonly isUnit: Uint8Array;
  readonly isError: Uint8Array;
  /** UInt16; 0 where none is told. */
  readonly httpStatus: Uint16Array;
  readonly scope: TextColumn;
  readonly name: TextColumn;
  readonly route: TextColumn;
  readonly flagKey: TextColumn;
  readonly variant: TextColumn;
  /** Strings as ClickHouse writes them. */
  readonly statusMessage: Uint8Array;
  /** Texts of the keys of `attributes` and `eventAttributes`. */
  readonly keys: readonly string[];
  readonly attributes: AttributeColumns;
  /** Events and links of each row. */
  readonly eventCounts: Uint32Array;
  readonly eventTime: Uint32Array;
  readonly eventName: TextColumn;
  readonly eventAttributes: AttributeColumns;
  readonly linkCounts: Uint32Array;
  readonly linkTraceId: Uint8Array;
  readonly linkSpanId: Uint8Array;
}

/** A column of texts while a request is read. */
export interface TextDraft {
  readonly dictionary: ByteDictionary;
  readonly indices: WordBuffer;
}

/** {@link SpanColumns} while a request is read. */
export interface SpanDraft {
  readonly resources: ResourceFacts[];
  readonly resource: WordBuffer;
  readonly time: WordBuffer;
  readonly duration: WordBuffer;
  readonly traceId: ByteBuffer;
  readonly spanId: ByteBuffer;
  readonly parentId: ByteBuffer;
  readonly kind: ByteBuffer;
  readonly status: ByteBuffer;
  readonly isUnit: ByteBuffer;
  readonly isError: ByteBuffer;
  readonly httpStatus: WordBuffer;
  readonly scope: TextDraft;
  readonly name: TextDraft;
  readonly route: TextDraft;
  readonly flagKey: TextDraft;
  readonly variant: TextDraft;
  readonly statusMessage: ByteBuffer;
  readonly attributes: AttributeDraft;
  readonly eventCounts: WordBuffer;
  readonly eventTime: WordBuffer;
  readonly eventName: TextDraft;
  readonly eventAttributes: AttributeDraft;
  readonly linkCounts: WordBuffer;
  readonly linkTraceId: ByteBuffer;
  readonly linkSpanId: ByteBuffer;
}

/** Starts an empty column of texts; `seed` as in `createByteDictionary`. */
export function createTextDraft(seed: number): TextDraft {
  return { dictionary: createByteDictionary(seed), indices: createWordBuffer() };
}

/** Empties a column of texts for the next request. */
export function clearText({ dictionary, indices }: TextDraft): void {
  clearDictionary(dictionary);
  clearWords(indices);
}

/** A copy of a column of texts. */
export function takeText({ dictionary, indices }: TextDraft): TextColumn {
  return { texts: entryTexts(dictionary), indices: takeWords(indices) };
}

/** Starts empty columns of spans; `seed` as in `createByteDictionary`. */
export function createSpanDraft(seed: number): SpanDraft {
  return {
    resources: [],
    resource: createWordBuffer(),
    time: createWordBuffer(),
    duration: createWordBuffer(),
    traceId: createByteBuffer(),
    spanId: createByteBuffer(),
    parentId: createByteBuffer(),
    kind: createByteBuffer(),
    status: createByteBuffer(),
    isUnit: createByteBuffer(),
    isError: createByteBuffer(),
    httpStatus: createWordBuffer(),
    scope: createTextDraft(seed),
    name: createTextDraft(seed),
    route: createTextDraft(seed),
    flagKey: createTextDraft(seed),
    variant: createTextDraft(seed),
    statusMessage: createByteBuffer(),
    attributes: createAttributeDraft(),
    eventCounts: createWordBuffer(),
    eventTime: createWordBuffer(),
    eventName: createTextDraft(seed),
    eventAttributes: createAttributeDraft(),
    linkCounts: createWordBuffer(),
    linkTraceId: createByteBuffer(),
    linkSpanId: createByteBuffer(),
  };
}

/** Empties a draft for the next request, whatever the one before left in it. */
export function clearSpans(draft: SpanDraft): void {
  draft.resources.length = 0;
  const { resource, time, duration, httpStatus, eventCounts, eventTime, linkCounts } = draft;
  for (const words of [resource, time, duration, httpStatus, eventCounts, eventTime, linkCounts]) clearWords(words);
  const { traceId, spanId, parentId, kind, status, isUnit, isError, statusMessage, linkTraceId, linkSpanId } = draft;
  for (const bytes of [traceId, spanId, parentId, kind, status, isUnit, isError]) clearBytes(bytes);
  for (const bytes of [statusMessage, linkTraceId, linkSpanId]) clearBytes(bytes);
  for (const text of [draft.scope, draft.name, draft.route, draft.flagKey, draft.variant, draft.eventName])
    clearText(text);
  clearAttributes(draft.attributes);
  clearAttributes(draft.eventAttributes);
}

/** Copies of the columns; undefined without rows. */
export function takeSpans(draft: SpanDraft, keys: KeyTable): SpanColumns | undefined {
  const rows = draft.resource.length;
  if (rows === 0) return undefined;
  return {
    rows,
    resources: [...draft.resources],
    resource: takeWords(draft.resource),
    time: takeWords(draft.time),
    duration: takeWords(draft.duration),
    traceId: takeBytes(draft.traceId),
    spanId: takeBytes(draft.spanId),
    parentId: takeBytes(draft.parentId),
    kind: takeBytes(draft.kind),
    status: takeBytes(draft.status),
    isUnit: takeBytes(draft.isUnit),
    isError: takeBytes(draft.isError),
    httpStatus: Uint16Array.from(takeWords(draft.httpStatus)),
    scope: takeText(draft.scope),
    name: takeText(draft.name),
    route: takeText(draft.route),
    flagKey: takeText(draft.flagKey),
    variant: takeText(draft.variant),
    statusMessage: takeBytes(draft.statusMessage),
    keys: entryTexts(keys.dictionary),
    attributes: takeAttributes(draft.attributes),
    eventCounts: takeWords(draft.eventCounts),
    eventTime: takeWords(draft.eventTime),
    eventName: takeText(draft.eventName),
    eventAttributes: takeAttributes(draft.eventAttributes),
    linkCounts: takeWords(draft.linkCounts),
    linkTraceId: takeBytes(draft.linkTraceId),
    linkSpanId: takeBytes(draft.linkSpanId),
  };
}
