/** Ids of the span that is active, as pino's OpenTelemetry instrumentation names them. */
export interface TraceIds {
  readonly trace_id: string;
  readonly span_id: string;
}

interface SpanLike {
  spanContext?(): { readonly traceId?: unknown; readonly spanId?: unknown };
}
interface ContextApiLike {
  readonly context?: { active?(): { getValue?(key: symbol): SpanLike | undefined } | undefined };
}

// The places where @opentelemetry/api keeps its globals and its span, which are the same in every copy of version 1.
const API = Symbol.for('opentelemetry.js.api.1');
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN');

/** The active span of an application that runs OpenTelemetry, found without importing it; undefined elsewhere. */
export function activeTraceIds(): TraceIds | undefined {
  try {
    const api = Reflect.get(globalThis, API) as ContextApiLike | undefined;
    const ids = api?.context?.active?.()?.getValue?.(SPAN)?.spanContext?.();
    const { traceId, spanId } = ids ?? {};
    return typeof traceId === 'string' && typeof spanId === 'string'
      ? { trace_id: traceId, span_id: spanId }
      : undefined;
  } catch {
    // A version that keeps them elsewhere: records then stand without a trace.
    return undefined;
  }
}
