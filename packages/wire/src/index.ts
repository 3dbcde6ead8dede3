export { attributeOf } from './otlp/attribute-value.ts';
export { type DecodeLimits, defaultDecodeLimits } from './otlp/decode-limits.ts';
export { decodeOtlpRequest, type DecodeOptions, type OtlpEncoding, type OtlpSignal } from './otlp/decode-request.ts';
export {
  encodeOtlpStatus,
  encodeOtlpSuccess,
  type StatusOptions,
  type SuccessOptions,
} from './otlp/encode-response.ts';
export type {
  DecodedRequest,
  EvaluationRow,
  FlatAttributes,
  LogRow,
  OutcomeRow,
  ResourceFacts,
  SpanEvent,
  SpanRow,
  TelemetryBatch,
} from './otlp/telemetry-batch.ts';
