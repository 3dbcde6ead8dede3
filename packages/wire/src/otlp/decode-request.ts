import type { DecodeBudget } from './decode-budget.ts';
import { type DecodeLimits, defaultDecodeLimits } from './decode-limits.ts';
import { evaluationsOfLogs, evaluationsOfSpans } from './flag-evaluations.ts';
import { readJsonMetrics } from './json-metrics.ts';
import { readJsonLogs, readJsonSpans } from './json-requests.ts';
import { outcomesOfMetrics } from './outcome-metrics.ts';
import { readProtobufLogs } from './protobuf-logs.ts';
import { readProtobufMetrics } from './protobuf-metrics.ts';
import { readProtobufSpans } from './protobuf-spans.ts';
import type { DecodedRequest, TelemetryBatch } from './telemetry-batch.ts';

/** How an OTLP body is written: `application/x-protobuf` or `application/json`. */
export type OtlpEncoding = 'protobuf' | 'json';

/** What an OTLP request carries. */
export type OtlpSignal = 'traces' | 'metrics' | 'logs';

/** Options of {@link decodeOtlpRequest}. */
export interface DecodeOptions {
  readonly signal: OtlpSignal;
  readonly encoding: OtlpEncoding;
  readonly limits?: DecodeLimits;
}

/**
 * Decodes one OTLP/HTTP request as a whole. Items that cannot be stored are left out, counted and explained.
 *
 * Rows may point into `body`, which must not change while they live. An empty body is an empty request.
 * @throws BelayError `request.malformed` naming field and offset (or path and value) when the body is not what it
 * claims to be, and `request.too-large` when it holds more items than the limits allow. Nothing is decoded then.
 */
export function decodeOtlpRequest(body: Uint8Array, options: DecodeOptions): DecodedRequest {
  const { signal, encoding, limits = defaultDecodeLimits } = options;
  const isJson = encoding === 'json' && body.length > 0;
  if (signal === 'traces') {
    const { spans, budget } = (isJson ? readJsonSpans : readProtobufSpans)(body, limits);
    return decoded({ ...EMPTY, spans, evaluations: evaluationsOfSpans(spans) }, budget);
  }
  if (signal === 'logs') {
    const { logs, budget } = (isJson ? readJsonLogs : readProtobufLogs)(body, limits);
    return decoded({ ...EMPTY, logs, evaluations: evaluationsOfLogs(logs) }, budget);
  }
  const { metrics, budget } = (isJson ? readJsonMetrics : readProtobufMetrics)(body, limits);
  return decoded({ ...EMPTY, outcomes: outcomesOfMetrics(metrics, budget) }, budget);
}

const EMPTY: TelemetryBatch = { outcomes: [], evaluations: [], spans: [], logs: [] };

function decoded(batch: TelemetryBatch, budget: DecodeBudget): DecodedRequest {
  return { batch, rejected: budget.rejected(), message: budget.message() };
}
