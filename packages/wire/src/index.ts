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
  SpanLink,
  SpanRow,
  TelemetryBatch,
} from './otlp/telemetry-batch.ts';
export { createByteTable, type ByteKey, type ByteTable, type ByteTableLimits } from './metrics/byte-table.ts';
export {
  type DecodedMetrics,
  type ExemplarPoint,
  type ExponentialPoint,
  type HistogramPoint,
  type MetricPoints,
  type NumberPoints,
  type RefusalCause,
  type SummaryPoint,
  type TimeBounds,
  STALE_HIGH,
  STALE_LOW,
} from './metrics/metric-points.ts';
export { prometheusLabelOf, prometheusNameOf, type MetricIdentity } from './metrics/prometheus-name.ts';
export { describedBy, familyNamesOf } from './metrics/prometheus-series.ts';
export { createSeriesIndex, type SeriesIndex, type SeriesIndexOptions } from './metrics/series-index.ts';
export {
  type FamilyFacts,
  type SeriesFacts,
  seriesIdentity,
  type SeriesKind,
  type SeriesRef,
  type SeriesRegistry,
} from './metrics/series.ts';
export { decodeOtlpMetrics, type DecodeMetricsOptions } from './otlp/decode-metrics.ts';
export { decompressSnappy, snappyLength } from './remote-write/snappy.ts';
export { decodeRemoteWrite } from './remote-write/decode-write.ts';
export type { DecodedWrite, DecodeWriteOptions } from './remote-write/write-reading.ts';
export { errorEventOfLog, errorEventsOfBatch, errorEventsOfSpan, hasException } from './exceptions/exception-event.ts';
export { type ParsedStack, parseStackText } from './exceptions/stack-text.ts';
export {
  decodeSentryEnvelope,
  decodeSentryStore,
  type SentryBatch,
  type SentryDecodeOptions,
} from './sentry/decode-envelope.ts';
export { readEnvelope } from './sentry/envelope.ts';
export { type SentryAuthSources, sentryKeyOf } from './sentry/sentry-auth.ts';
export type { SentryCheckIn, SentryFeedback, SentrySession } from './sentry/sentry-health.ts';
export { defaultSentryLimits, type SentryLimits } from './sentry/sentry-limits.ts';
export type { AttributeColumns } from './columns/attribute-columns.ts';
export type { TextColumn } from './columns/byte-dictionary.ts';
export {
  type Arriving,
  type ColumnDecoder,
  type ColumnDecoderOptions,
  createColumnDecoder,
  type DecodedColumns,
} from './columns/column-decoder.ts';
export type { LogColumns } from './columns/log-columns.ts';
export type { SpanColumns } from './columns/span-columns.ts';
