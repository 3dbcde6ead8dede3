import type { DecodeBudget } from './decode-budget.ts';
import type { LogRow, SpanLink, SpanRow } from './telemetry-batch.ts';

const MAX_KIND = 5;
const MAX_STATUS = 2;
const MAX_SEVERITY = 24;

/** Latest storable time: the year 2262, beyond which nanoseconds do not fit a signed 64-bit integer. */
export const MAX_TIME_NS: bigint = 2n ** 63n - 1n;

/** Whether a span can be stored; otherwise the reason is noted for the sender. */
export function acceptSpan(span: SpanRow, budget: DecodeBudget): boolean {
  const problem = spanProblem(span);
  if (problem === undefined) return true;
  budget.reject(problem);
  return false;
}

/** Whether a log record can be stored; otherwise the reason is noted for the sender. */
export function acceptLog(log: LogRow, budget: DecodeBudget): boolean {
  const problem = logProblem(log);
  if (problem === undefined) return true;
  budget.reject(problem);
  return false;
}

/** Appends a link unless it names no span or there are too many; that is noted, and the span is kept. */
export function acceptLink(link: SpanLink, links: SpanLink[], budget: DecodeBudget): void {
  if (link.traceId.length !== 16 || link.spanId.length !== 8)
    budget.warn('spans.links without a trace and span id were left out');
  else if (links.length >= budget.limits.attributes) {
    budget.warn(`spans.links beyond the first ${budget.limits.attributes} of a span were cut`);
  } else links.push(link);
}

/** Whether every byte is zero, which OTLP declares to be no id. */
export function isZeroId(id: Uint8Array): boolean {
  return id.every((byte) => byte === 0);
}

function spanProblem(span: SpanRow): string | undefined {
  if (span.traceId.length !== 16) return `spans.trace_id has ${span.traceId.length} bytes instead of 16`;
  if (span.spanId.length !== 8) return `spans.span_id has ${span.spanId.length} bytes instead of 8`;
  if (isZeroId(span.traceId)) return 'spans.trace_id is all zeros';
  if (isZeroId(span.spanId)) return 'spans.span_id is all zeros';
  if (span.parentId.length !== 0 && span.parentId.length !== 8) {
    return `spans.parent_span_id has ${span.parentId.length} bytes instead of 8`;
  }
  if (span.kind < 0 || span.kind > MAX_KIND) return `spans.kind ${span.kind} is not one of 0 to ${MAX_KIND}`;
  if (span.statusCode < 0 || span.statusCode > MAX_STATUS) {
    return `spans.status.code ${span.statusCode} is not one of 0 to ${MAX_STATUS}`;
  }
  if (span.startNs > MAX_TIME_NS || span.endNs > MAX_TIME_NS) return 'a span time lies beyond the year 2262';
  return undefined;
}

function logProblem(log: LogRow): string | undefined {
  if (log.traceId.length !== 0 && log.traceId.length !== 16) {
    return `log_records.trace_id has ${log.traceId.length} bytes instead of 16`;
  }
  if (log.spanId.length !== 0 && log.spanId.length !== 8) {
    return `log_records.span_id has ${log.spanId.length} bytes instead of 8`;
  }
  if (log.severity < 0 || log.severity > MAX_SEVERITY) {
    return `log_records.severity_number ${log.severity} is not one of 0 to ${MAX_SEVERITY}`;
  }
  if (log.timeNs > MAX_TIME_NS) return 'a log time lies beyond the year 2262';
  return undefined;
}
