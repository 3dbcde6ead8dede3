import type { DecodedMetrics, TimeBounds } from '../metrics/metric-points.ts';
import type { SeriesIndex } from '../metrics/series-index.ts';
import { type DecodeLimits, defaultDecodeLimits } from './decode-limits.ts';
import type { OtlpEncoding } from './decode-request.ts';
import { readJsonPoints } from './json-metric-points.ts';
import { readProtobufPoints } from './protobuf-metric-points.ts';

/** Options of {@link decodeOtlpMetrics}. */
export interface DecodeMetricsOptions {
  readonly encoding: OtlpEncoding;
  /** Which series there are; it outlives the request. */
  readonly index: SeriesIndex;
  readonly times: TimeBounds;
  readonly limits?: DecodeLimits;
}

/**
 * Decodes one OTLP/HTTP metrics request as a whole: the outcomes that Belay's SDK counts, and the points of every other
 * metric. Points that cannot be stored are left out, counted and explained.
 *
 * `body` must not change while what points into it lives. An empty body is an empty request.
 * @throws BelayError `request.malformed` naming field and offset (or path and value) when the body is not what it
 * claims to be, and `request.too-large` when it holds more items than the limits allow. Nothing is decoded then.
 */
export function decodeOtlpMetrics(body: Uint8Array, options: DecodeMetricsOptions): DecodedMetrics {
  const { encoding, index, times, limits = defaultDecodeLimits } = options;
  const read = encoding === 'json' && body.length > 0 ? readJsonPoints : readProtobufPoints;
  return read(body, { limits, index, times });
}
