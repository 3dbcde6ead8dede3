import type { RedactionCounts, Redactor } from '@belay/core/redaction';
import type { DecodeBudget } from '../otlp/decode-budget.ts';
import { type DecodeLimits, defaultDecodeLimits } from '../otlp/decode-limits.ts';
import type { OtlpEncoding } from '../otlp/decode-request.ts';
import { readJsonLogs, readJsonSpans } from '../otlp/json-requests.ts';
import type { EvaluationRow, LogRow, SpanRow } from '../otlp/telemetry-batch.ts';
import { clearKeys, createKeyTable } from './attribute-columns.ts';
import { encodeLogRows, encodeSpanRows } from './encode-rows.ts';
import { futureBound, openColumnContext, timeOf } from './item-reading.ts';
import { clearLogs, createLogDraft, type LogColumns, takeLogs } from './log-columns.ts';
import type { LogPlace } from './log-row.ts';
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
export function createColumnDecoder({
  redactor,
  limits = defaultDecodeLimits,
  seed = 0,
}: ColumnDecoderOptions): ColumnDecoder {
  const keys = createKeyTable(seed);
  const spanDraft = createSpanDraft(seed);
  const logDraft = createLogDraft(seed);

  const readSpans = ({ body, resources, arrivedAtMs }: Reading): DecodedColumns => {
    clearKeys(keys);
    clearSpans(spanDraft);
    const marks = { keys: 0, values: 0, events: 0, eventKeys: 0, eventValues: 0, links: 0, message: 0 };
    const place: SpanPlace = {
      draft: spanDraft,
      bound: boundOf(arrivedAtMs),
      marks,
      scope: { text: '', entry: 0 },
      ahead: 0,
    };
    const context = openColumnContext(body, keys, { limits, redactor, arrivedAtMs });
    const { spans, evaluations } = readSpanColumns(context, place, resources);
    const facts = { redacted: context.intake.redacted, ahead: place.ahead };
    return {
      ...NOTHING,
      ...told(context.budget),
      ...facts,
      spans: takeSpans(spanDraft, keys),
      evaluations,
      told: { spans, logs: [] },
    };
  };
  const readLogs = ({ body, resources, arrivedAtMs }: Reading): DecodedColumns => {
    clearKeys(keys);
    clearLogs(logDraft);
    const marks = { keys: 0, values: 0, body: 0 };
    const place: LogPlace = {
      draft: logDraft,
      bound: boundOf(arrivedAtMs),
      marks,
      scope: { text: '', entry: 0 },
      ahead: 0,
    };
    const context = openColumnContext(body, keys, { limits, redactor, arrivedAtMs });
    const { logs, evaluations } = readLogColumns(context, place, resources);
    const facts = { redacted: context.intake.redacted, ahead: place.ahead };
    return {
      ...NOTHING,
      ...told(context.budget),
      ...facts,
      logs: takeLogs(logDraft, keys),
      evaluations,
      told: { spans: [], logs },
    };
  };
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

interface Reading {
  readonly body: Uint8Array;
  readonly arrivedAtMs: number;
  /** Stand for the resources within the body. */
  readonly resources?: readonly SpanRow['resource'][];
}

const NOTHING = { spans: undefined, logs: undefined, ahead: 0 } as const;

function boundOf(arrivedAtMs: number): SpanPlace['bound'] {
  return { from: timeOf(futureBound(arrivedAtMs)), instead: timeOf(BigInt(Math.floor(arrivedAtMs)) * 1_000_000n) };
}

function told(budget: DecodeBudget): Pick<DecodedColumns, 'rejected' | 'cuts' | 'message'> {
  return { rejected: budget.rejected(), cuts: budget.cuts(), message: budget.message() };
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
