/** A span to send as OTLP/JSON; times in ms. */
export interface SentSpan {
  /** 1 to 32 hexadecimal digits; padded. */
  readonly trace: string;
  readonly span: string;
  readonly parent?: string;
  readonly service: string;
  readonly instance?: string;
  readonly name: string;
  /** OTLP's kind: 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind?: number;
  /** Unix ms. */
  readonly at: number;
  readonly ms: number;
  readonly error?: string;
  readonly attributes?: Readonly<Record<string, string>>;
  /** A flag that the span evaluated. */
  readonly flag?: readonly [key: string, variant: string];
  readonly links?: readonly (readonly [trace: string, span: string])[];
}

/** An OTLP/JSON request with the spans of all services. */
export function traceRequest(spans: readonly SentSpan[]): object {
  const senders = Map.groupBy(spans, ({ service, instance = 'i-1' }) => `${service}\n${instance}`);
  return {
    resourceSpans: [...senders].map(([sender, own]) => {
      const [service = '', instance = ''] = sender.split('\n');
      const about = { 'service.name': service, 'service.instance.id': instance };
      return { resource: { attributes: pairs(about) }, scopeSpans: [{ spans: own.map(otlpSpan) }] };
    }),
  };
}

export function traceId(digits: string): string {
  return digits.padStart(32, '0');
}

export function spanId(digits: string): string {
  return digits.padStart(16, '0');
}

function otlpSpan(span: SentSpan): object {
  const start = nanoseconds(span.at);
  return {
    traceId: traceId(span.trace),
    spanId: spanId(span.span),
    ...(span.parent === undefined ? {} : { parentSpanId: spanId(span.parent) }),
    name: span.name,
    kind: span.kind ?? 1,
    startTimeUnixNano: String(start),
    endTimeUnixNano: String(start + nanoseconds(span.ms)),
    attributes: pairs(span.attributes ?? {}),
    status: span.error === undefined ? {} : { code: 2, message: span.error },
    events: span.flag === undefined ? [] : [flagEvent(start, span.flag)],
    links: (span.links ?? []).map(([trace, linked]) => ({ traceId: traceId(trace), spanId: spanId(linked) })),
  };
}

function flagEvent(at: bigint, [key, variant]: readonly [string, string]): object {
  const attributes = pairs({ 'feature_flag.key': key, 'feature_flag.result.variant': variant });
  return { timeUnixNano: String(at), name: 'feature_flag.evaluation', attributes };
}

function nanoseconds(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n;
}

function pairs(attributes: Readonly<Record<string, string>>): object[] {
  return Object.entries(attributes).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}
