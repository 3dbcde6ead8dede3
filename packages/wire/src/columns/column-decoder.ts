import type { RedactionCounts, Redactor } from '@belay/core/redaction';
import type { DecodeBudget } from '../otlp/decode-budget.ts';
import { type DecodeLimits, defaultDecodeLimits } from '../otlp/decode-limits.ts';
import type { OtlpEncoding } from '../otlp/decode-request.ts';
import { readJsonLogs, readJsonSpans } from '../otlp/json-requests.ts';
import type { EvaluationRow, LogRow, SpanRow } from '../otlp/telemetry-batch.ts';
import { clearKeys, createKeyTable, type KeyTable } from './attribute-columns.ts';
import { encodeLogRows, encodeSpanRows } from './encode-rows.ts';
import { futureBound, openColumnContext, timeOf } from './item-reading.ts';
import { clearLogs, createLogDraft, type LogColumns, takeLogs } from './log-columns.ts';
import type { LogPlace } from './log-row.ts';
import type { ColumnContext } from './read-key-value.ts';
import { readLogColumns } from './read-logs.ts';
import { readSpanColumns } from './read-spans.ts';
import { clearSpans, createSpanDraft, type SpanColumns, takeSpans } from './span-columns.ts';
import type { SpanPlace } from './span-row.ts';

/** Options of {@link createColumnDecoder}. */
export interface ColumnDecoderOptions {
  readonly redactor: Redactor;
  readonly limits?: DecodeLimits;
  /** Secret 32-bit number that keeps senders from choosing texts whose hashes collide. Default 0. */
  readonly seed?: number;
}

/** What a request of spans or log records brings. */
export interface DecodedColumns {
  /** Undefined without rows. */
  readonly spans: SpanColumns | undefined;
  readonly logs: LogColumns | undefined;
  readonly evaluations: readonly EvaluationRow[];
  /** Rows that tell of flags or exceptions, once more as rows, as something else is made of them. */
  readonly told: { readonly spans: readonly SpanRow[]; readonly logs: readonly LogRow[] };
  /** Items that were left out. */
  readonly rejected: number;
  /** Values that were stored in part. */
  readonly cuts: number;
  /** Rows more than ten minutes ahead of the server's clock, stored with the time of arrival. */
  readonly ahead: number;
  /** How often each rule of redaction took something out. */
  readonly redacted: RedactionCounts;
  /** What the sender is told; empty when everything was taken as it is. */
  readonly message: string;
}

/** How one request arrived. */
export interface Arriving {
  readonly encoding: OtlpEncoding;
  /** Server's clock, Unix ms. */
  readonly arrivedAtMs: number;
}

/**
 * Decodes OTLP requests of spans and log records into columns. A request is decoded as a whole or not at all: what a
 * body that fails half-way left behind is forgotten. Not to be shared by threads.
 */
export interface ColumnDecoder {
  /** @throws BelayError `request.malformed` and `request.too-large`, as `decodeOtlpRequest` does. */
  spans(body: Uint8Array, arriving: Arriving): DecodedColumns;
  /** @throws BelayError `request.malformed` and `request.too-large`, as `decodeOtlpRequest` does. */
  logs(body: Uint8Array, arriving: Arriving): DecodedColumns;
  /** Spans that came in another way. */
  spanRows(rows: readonly SpanRow[], arrivedAtMs: number): DecodedColumns;
  /** Log records that came in another way. */
  logRows(rows: readonly LogRow[], arrivedAtMs: number): DecodedColumns;
}

/** Starts a decoder with buffers that are kept from request to request. */
export function createColumnDecoder(options: ColumnDecoderOptions): ColumnDecoder {
  const { redactor, limits = defaultDecodeLimits, seed = 0 } = options;
  const keys = createKeyTable(seed);
  const readSpans = spanReading({ redactor, limits, keys, seed });
  const readLogs = logReading({ redactor, limits, keys, seed });
  return {
    spans(body, { encoding, arrivedAtMs }) {
      if (encoding === 'protobuf' || body.length === 0) return readSpans({ body, arrivedAtMs });
      const { spans, budget } = readJsonSpans(body, limits);
      return merged(readSpans({ ...encodeSpanRows(spans), arrivedAtMs }), budget);
    },
    logs(body, { encoding, arrivedAtMs }) {
      if (encoding === 'protobuf' || body.length === 0) return readLogs({ body, arrivedAtMs });
      const { logs, budget } = readJsonLogs(body, limits);
      return merged(readLogs({ ...encodeLogRows(logs), arrivedAtMs }), budget);
    },
    spanRows: (rows, arrivedAtMs) => readSpans({ ...encodeSpanRows(rows), arrivedAtMs }),
    logRows: (rows, arrivedAtMs) => readLogs({ ...encodeLogRows(rows), arrivedAtMs }),
  };
}

interface Shared {
  readonly redactor: Redactor;
  readonly limits: DecodeLimits;
  readonly keys: KeyTable;
  readonly seed: number;
}

function spanReading({ keys, seed, ...options }: Shared): (reading: Reading) => DecodedColumns {
  const draft = createSpanDraft(seed);
  return ({ body, resources, arrivedAtMs }) => {
    clearKeys(keys);
    clearSpans(draft);
    const marks = { keys: 0, values: 0, events: 0, eventKeys: 0, eventValues: 0, links: 0, message: 0 };
    const place: SpanPlace = { draft, bound: boundOf(arrivedAtMs), marks, scope: { text: '', entry: 0 }, ahead: 0 };
    const context = openColumnContext(body, keys, { ...options, arrivedAtMs });
    const { spans, evaluations } = readSpanColumns(context, place, resources);
    return {
      ...factsOf(context, place.ahead),
      spans: takeSpans(draft, keys),
      logs: undefined,
      evaluations,
      told: { spans, logs: [] },
    };
  };
}

function logReading({ keys, seed, ...options }: Shared): (reading: Reading) => DecodedColumns {
  const draft = createLogDraft(seed);
  return ({ body, resources, arrivedAtMs }) => {
    clearKeys(keys);
    clearLogs(draft);
    const marks = { keys: 0, values: 0, body: 0 };
    const place: LogPlace = { draft, bound: boundOf(arrivedAtMs), marks, scope: { text: '', entry: 0 }, ahead: 0 };
    const context = openColumnContext(body, keys, { ...options, arrivedAtMs });
    const { logs, evaluations } = readLogColumns(context, place, resources);
    return {
      ...factsOf(context, place.ahead),
      spans: undefined,
      logs: takeLogs(draft, keys),
      evaluations,
      told: { spans: [], logs },
    };
  };
}

interface Reading {
  readonly body: Uint8Array;
  readonly arrivedAtMs: number;
  /** Stand for the resources within the body. */
  readonly resources?: readonly SpanRow['resource'][];
}

function boundOf(arrivedAtMs: number): SpanPlace['bound'] {
  return { from: timeOf(futureBound(arrivedAtMs)), instead: timeOf(BigInt(Math.floor(arrivedAtMs)) * 1_000_000n) };
}

function factsOf(
  { budget, intake }: ColumnContext,
  ahead: number,
): Pick<DecodedColumns, 'rejected' | 'cuts' | 'message' | 'redacted' | 'ahead'> {
  return {
    rejected: budget.rejected(),
    cuts: budget.cuts(),
    message: budget.message(),
    redacted: intake.redacted,
    ahead,
  };
}

/** What had been noted before rows became columns belongs to the request, too. */
function merged(decoded: DecodedColumns, budget: DecodeBudget): DecodedColumns {
  return {
    ...decoded,
    rejected: decoded.rejected + budget.rejected(),
    cuts: decoded.cuts + budget.cuts(),
    message: [budget.message(), decoded.message].filter((message) => message !== '').join('; '),
  };
}
