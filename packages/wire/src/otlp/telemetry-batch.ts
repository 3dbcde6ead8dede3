import type { Arm, Histogram, Side } from '@belay/core';

/** Text attributes as key, value, key, value ...; nested values are JSON. */
export type FlatAttributes = readonly string[];

/** What the senders of a request say about themselves. */
export interface ResourceFacts {
  /** `service.name`; `unknown_service` where absent, as OpenTelemetry names it. */
  readonly service: string;
  /** `service.instance.id`, else `host.name`, else empty. */
  readonly instance: string;
  /** `telemetry.sdk.name`; `belay` for Belay's SDK. */
  readonly sdk: string;
  readonly sdkVersion: string;
  /** `belay.sent_at`: the sender's clock in ms when the request left; undefined where not given. */
  readonly sentAtMs: number | undefined;
  /** `service.version`; empty where not given. */
  readonly version: string;
  /** `deployment.environment.name`, else the older `deployment.environment`; empty where neither is given. */
  readonly environment: string;
  readonly attributes: FlatAttributes;
}

/** Units of work of one flag, variant, arm and group, as Belay's SDK counts them. Counts are integers >= 0. */
export interface OutcomeRow {
  readonly resource: ResourceFacts;
  /** Sender's clock, Unix ms, at which the counted interval ended. */
  readonly timeMs: number;
  /** Empty for totals of the whole service. */
  readonly flagKey: string;
  /** Flag-state revision that the units were served under; 0 when unknown. */
  readonly revision: number;
  readonly variant: string;
  readonly arm: Arm | '';
  readonly side: Side | '';
  readonly rolloutId: string;
  /** Hash group 0..31 of the control side; -1 otherwise. */
  readonly group: number;
  readonly units: number;
  readonly errors: number;
  readonly exposures: number;
  readonly distinctBad: number;
  /** Empty: `histogram` holds durations in ms. Otherwise the name of the tracked value it holds. */
  readonly valueName: string;
  readonly histogram: Histogram;
}

/** One evaluation of a flag told by a span, a span event or a log record (`feature_flag.evaluation`). */
export interface EvaluationRow {
  readonly resource: ResourceFacts;
  readonly timeNs: bigint;
  /** When what told of it was complete: the span's end, the log record's time. */
  readonly reportedNs: bigint;
  /** 16 and 8 bytes; empty where the sender gave none. */
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  readonly flagKey: string;
  readonly variant: string;
  /** 0 when unknown or not a whole number. */
  readonly revision: number;
  /** Targeting key; empty when unknown. */
  readonly contextId: string;
  /** Lower case, e.g. `split`, `targeting_match`; empty when unknown. */
  readonly reason: string;
}

/** Something that happened during a span. */
export interface SpanEvent {
  readonly timeNs: bigint;
  readonly name: string;
  readonly attributes: FlatAttributes;
}

/** A span that this one has to do with, but is not its parent. */
export interface SpanLink {
  /** 16 bytes. */
  readonly traceId: Uint8Array;
  /** 8 bytes. */
  readonly spanId: Uint8Array;
}

/** A span as stored. */
export interface SpanRow {
  readonly resource: ResourceFacts;
  readonly scope: string;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  /** Empty for a root span. */
  readonly parentId: Uint8Array;
  readonly name: string;
  /** OTLP's SpanKind: 0 unspecified, 1 internal, 2 server, 3 client, 4 producer, 5 consumer. */
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  /** OTLP's StatusCode: 0 unset, 1 ok, 2 error. */
  readonly statusCode: number;
  readonly statusMessage: string;
  readonly attributes: FlatAttributes;
  readonly events: readonly SpanEvent[];
  readonly links: readonly SpanLink[];
}

/** A log record as stored. */
export interface LogRow {
  readonly resource: ResourceFacts;
  readonly scope: string;
  readonly timeNs: bigint;
  readonly traceId: Uint8Array;
  readonly spanId: Uint8Array;
  /** OTLP's SeverityNumber, 0..24. */
  readonly severity: number;
  readonly severityText: string;
  readonly eventName: string;
  readonly body: string;
  readonly attributes: FlatAttributes;
}

/** Everything one request brings, ready to be stored as a whole or not at all. */
export interface TelemetryBatch {
  readonly outcomes: readonly OutcomeRow[];
  readonly evaluations: readonly EvaluationRow[];
  readonly spans: readonly SpanRow[];
  readonly logs: readonly LogRow[];
}

/** A decoded request: what to store, and what had to be left out. */
export interface DecodedRequest {
  readonly batch: TelemetryBatch;
  /** Spans, log records or data points that are not in the batch. */
  readonly rejected: number;
  /** Why something was left out or cut, for the sender; empty when nothing was. */
  readonly message: string;
}
