import { createPointSink } from '../metrics/metric-points.ts';
import { defaultDecodeLimits } from '../otlp/decode-limits.ts';
import { openContext } from '../otlp/protobuf-context.ts';
import { readWriteV1 } from './decode-write-v1.ts';
import { readWriteV2 } from './decode-write-v2.ts';
import type { DecodedWrite, DecodeWriteOptions } from './write-reading.ts';

/**
 * Decodes one Prometheus remote-write request whose snappy compression has been taken off. Samples that cannot be stored
 * are left out, counted and explained.
 *
 * `body` must not change while what points into it lives. An empty body is an empty request.
 * @throws BelayError `request.malformed` naming field and offset when the body is not what it claims to be, and
 * `request.too-large` when it holds more samples than the limits allow. Nothing is decoded then.
 */
export function decodeRemoteWrite(body: Uint8Array, options: DecodeWriteOptions): DecodedWrite {
  const { version, index, times, serviceLabels, limits = defaultDecodeLimits } = options;
  const context = openContext(body, limits);
  const { budget } = context;
  const sink = createPointSink(budget, times);
  (version === 1 ? readWriteV1 : readWriteV2)({ context, sink, index, serviceLabels });
  const { points, refusals } = sink;
  return {
    points,
    outcomes: [],
    resources: [],
    rejected: budget.rejected(),
    refusals,
    message: budget.message(),
    written: {
      samples: points.numbers.length,
      histograms: points.histograms.length + points.exponentials.length,
      exemplars: points.exemplars.length,
    },
  };
}
