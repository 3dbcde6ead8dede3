import { randomInt } from 'node:crypto';
import { createRedactor, type RedactionCounts } from '@belay/core/redaction';
import {
  createColumnDecoder,
  type DecodedColumns,
  decodeOtlpMetrics,
  type OtlpEncoding,
  type OtlpSignal,
} from '@belay/wire';
import type { Series } from '../series/api.ts';
import { rowsOfColumns, type WriteRequest } from '../telemetry/api.ts';
import type { IngestOptions } from './api.ts';
import { newestTime } from './clock-watch.ts';
import type { DropCause } from './drop-account.ts';
import { refusalDrops } from './drop-causes.ts';

/** How a request arrived. */
export interface Format {
  readonly signal: OtlpSignal;
  readonly encoding: OtlpEncoding;
}

/** What a request brings, and what it is told. */
export interface Decoded {
  readonly content: WriteRequest;
  /** Items left out, and why something was left out or changed. */
  readonly rejected: number;
  readonly message: string;
  readonly dropped: readonly (readonly [cause: DropCause, count: number])[];
  /** How often each rule took a secret out. */
  readonly redactions: RedactionCounts;
  /** A service that speaks in the request. */
  readonly sender: string;
  /** Newest time in it, Unix ms; null where that says nothing of the sender's clock. */
  readonly newestMs: number | null;
  /** To be called once the content is safe. */
  readonly stored: () => void;
  /** Spans and log records that may tell of exceptions. */
  readonly told: DecodedColumns['told'];
}

/** Decodes requests of all signals. */
export function createDecoding({
  clock,
  series,
  redactor = createRedactor(),
}: Pick<IngestOptions, 'clock' | 'series' | 'redactor'>): (body: Uint8Array, format: Format) => Decoded {
  const columns = createColumnDecoder({ redactor, seed: randomInt(2 ** 32) });
  return (body, { signal, encoding }) => {
    const arriving = { encoding, arrivedAtMs: clock.now() };
    if (signal === 'traces') return ofColumns(columns.spans(body, arriving));
    if (signal === 'logs') return ofColumns(columns.logs(body, arriving));
    return ofMetrics(series, body, encoding);
  };
}

function ofColumns(decoded: DecodedColumns): Decoded {
  const { spans, logs, rejected, cuts, ahead, redacted, message } = decoded;
  return {
    content: rowsOfColumns(decoded),
    rejected,
    message,
    dropped: [
      ['invalid', rejected],
      ['cut', cuts],
      ['future-time', ahead],
    ],
    redactions: redacted,
    sender: (spans ?? logs)?.resources[0]?.service ?? '',
    newestMs: newestTime(decoded),
    stored: () => {},
    told: decoded.told,
  };
}

function ofMetrics(series: Series, body: Uint8Array, encoding: OtlpEncoding): Decoded {
  const decoded = decodeOtlpMetrics(body, { encoding, index: series.index, times: series.timeBounds() });
  const { rejected, message, outcomes, resources } = decoded;
  const redactions: RedactionCounts = new Map();
  return {
    content: series.contentOf(decoded, redactions),
    rejected,
    message,
    dropped: refusalDrops(decoded),
    redactions,
    sender: resources[0]?.service ?? outcomes[0]?.resource.service ?? '',
    newestMs: null,
    stored: () => series.stored(decoded),
    told: { spans: [], logs: [] },
  };
}
