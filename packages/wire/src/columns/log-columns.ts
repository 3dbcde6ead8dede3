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
import { entryTexts, type TextColumn } from './byte-dictionary.ts';
import { clearText, createTextDraft, takeText, type TextDraft } from './span-columns.ts';

/** The log records of one request column by column, as ClickHouse's Native format lays them out (little-endian). */
export interface LogColumns {
  readonly rows: number;
  /** Who speaks in the request, without secrets. */
  readonly resources: readonly ResourceFacts[];
  /** Index into `resources` of each row. */
  readonly resource: Uint32Array;
  /** Time, else time of observation; Unix ns as Int64. */
  readonly time: Uint32Array;
  /** 16 and 8 bytes a row; zeros are none. */
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly severity: Uint8Array;
  readonly scope: TextColumn;
  readonly severityText: TextColumn;
  readonly eventName: TextColumn;
  readonly flagKey: TextColumn;
  readonly variant: TextColumn;
  /** Strings as ClickHouse writes them. */
  readonly body: Uint8Array;
  /** Texts of the keys of `attributes`. */
  readonly keys: readonly string[];
  readonly attributes: AttributeColumns;
}

/** {@link LogColumns} while a request is read. */
export interface LogDraft {
  readonly resources: ResourceFacts[];
  readonly resource: WordBuffer;
  readonly time: WordBuffer;
  readonly traceId: ByteBuffer;
  readonly spanId: ByteBuffer;
  readonly severity: ByteBuffer;
  readonly scope: TextDraft;
  readonly severityText: TextDraft;
  readonly eventName: TextDraft;
  readonly flagKey: TextDraft;
  readonly variant: TextDraft;
  readonly body: ByteBuffer;
  readonly attributes: AttributeDraft;
}

/** Starts empty columns of log records; `seed` as in `createByteDictionary`. */
export function createLogDraft(seed: number): LogDraft {
  return {
    resources: [],
    resource: createWordBuffer(),
    time: createWordBuffer(),
    traceId: createByteBuffer(),
    spanId: createByteBuffer(),
    severity: createByteBuffer(),
    scope: createTextDraft(seed),
    severityText: createTextDraft(seed),
    eventName: createTextDraft(seed),
    flagKey: createTextDraft(seed),
    variant: createTextDraft(seed),
    body: createByteBuffer(),
    attributes: createAttributeDraft(),
  };
}

/** Empties a draft for the next request, whatever the one before left in it. */
export function clearLogs(draft: LogDraft): void {
  draft.resources.length = 0;
  for (const words of [draft.resource, draft.time]) clearWords(words);
  for (const bytes of [draft.traceId, draft.spanId, draft.severity, draft.body]) clearBytes(bytes);
  for (const text of [draft.scope, draft.severityText, draft.eventName, draft.flagKey, draft.variant]) clearText(text);
  clearAttributes(draft.attributes);
}

/** Copies of the columns; undefined without rows. */
export function takeLogs(draft: LogDraft, keys: KeyTable): LogColumns | undefined {
  const rows = draft.resource.length;
  if (rows === 0) return undefined;
  return {
    rows,
    resources: [...draft.resources],
    resource: takeWords(draft.resource),
    time: takeWords(draft.time),
    traceId: takeBytes(draft.traceId),
    spanId: takeBytes(draft.spanId),
    severity: takeBytes(draft.severity),
    scope: takeText(draft.scope),
    severityText: takeText(draft.severityText),
    eventName: takeText(draft.eventName),
    flagKey: takeText(draft.flagKey),
    variant: takeText(draft.variant),
    body: takeBytes(draft.body),
    keys: entryTexts(keys.dictionary),
    attributes: takeAttributes(draft.attributes),
  };
}
