import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { BelayError, isBelayError } from '@belay/core';
import type { RedactionCounts } from '@belay/core/redaction';
import { type DecodedWrite, decodeRemoteWrite, decompressSnappy, snappyLength } from '@belay/wire';
import { sendProblem } from '../../platform/http/problem-response.ts';
import type { IngestLimits, IngestOptions } from './api.ts';
import { dropCauseOf, refusalDrops } from './drop-causes.ts';
import type { ReadingRoom } from './reading-room.ts';
import { readBody } from './request-body.ts';
import { requestHash } from './request-hash.ts';

export interface RemoteWriteOptions extends Omit<IngestOptions, 'limits'> {
  readonly limits: IngestLimits;
  readonly withRoom: ReadingRoom;
  /** Counts what was taken out, by rule. */
  readonly redacted: RedactionCounts;
  readonly counts: {
    accepted: number;
    refused: number;
    shed: number;
    duplicates: number;
    rejectedItems: number;
  };
}

/** Where Prometheus itself takes remote write, and the same below the path of Belay's Prometheus API. */
const PATHS = ['/api/v1/write', '/prometheus/api/v1/write'] as const;
const SERVICE_LABELS = ['service', 'service_name', 'job'];

/** Takes Prometheus remote write 1.0 and 2.0, and answers 204 only when the samples are on disk. */
export function remoteWriteRoutes(options: RemoteWriteOptions): (app: FastifyInstance) => Promise<void> {
  const { store, series, log, counts, drops } = options;
  const take = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const version = versionOf(request);
    await series.whenReady();
    const { decoded, mark } = await options.withRoom(async (takeBytes) => {
      const body = await readWriteBody(request, options.limits, takeBytes);
      const decoded = decodeRemoteWrite(body, {
        version,
        index: series.index,
        times: series.timeBounds(),
        serviceLabels: options.serviceLabels ?? SERVICE_LABELS,
      });
      return { decoded, mark: { hash: requestHash(body, `remote write ${version}`), bytes: body.length } };
    });
    const outcome = await store.write(series.contentOf(decoded, options.redacted), mark);
    series.stored(decoded);
    if (outcome === 'duplicate') counts.duplicates += 1;
    counts.accepted += 1;
    counts.rejectedItems += decoded.rejected;
    for (const [cause, count] of refusalDrops(decoded)) drops.add({ cause, signal: 'metrics', sender: '', count });
    if (version === 2) tellWritten(reply, decoded);
    // What can never be stored must not be sent again: Prometheus repeats 5xx for ever, and 4xx not at all.
    if (decoded.rejected > 0) return sendProblem(request, reply, partlyRefused(decoded));
    return reply.code(204).send();
  };
  return async (app) => {
    app.setErrorHandler((error, request, reply) => {
      const failure = isBelayError(error) ? error : failed(error);
      counts[failure.status === 503 || failure.status === 429 ? 'shed' : 'refused'] += 1;
      const cause = dropCauseOf(failure.code);
      if (cause !== undefined) drops.add({ cause, signal: 'metrics', sender: '', count: 1 });
      if (!isBelayError(error)) log.error({ err: error }, 'remote write failed');
      if (failure.status === 413) reply.header('Connection', 'close');
      return sendProblem(request, reply, failure);
    });
    for (const path of PATHS) {
      app.post(path, { bodyLimit: Number.MAX_SAFE_INTEGER, config: { scope: 'ingest' } }, take);
    }
  };
}

/** 1 for `prometheus.WriteRequest`, which is meant where nothing is said; 2 for `io.prometheus.write.v2.Request`. */
function versionOf(request: FastifyRequest): 1 | 2 {
  const [type = '', ...parameters] = (request.headers['content-type'] ?? '')
    .split(';')
    .map((part) => part.trim().toLowerCase());
  const proto = parameters
    .find((parameter) => parameter.startsWith('proto='))
    ?.slice('proto='.length)
    .replaceAll('"', '');
  if (type === 'application/x-protobuf') {
    if (proto === undefined || proto === 'prometheus.writerequest') return 1;
    if (proto === 'io.prometheus.write.v2.request') return 2;
  }
  throw new BelayError(
    'request.unsupported-media-type',
    `The content type "${(request.headers['content-type'] ?? '').slice(0, 200)}" is not remote write.`,
    {
      hint:
        'Send "application/x-protobuf", with ";proto=prometheus.WriteRequest" (1.0) or ' +
        '";proto=io.prometheus.write.v2.Request" (2.0).',
    },
  );
}

/** Remote write is one snappy block; vmagent may also send zstd. */
async function readWriteBody(
  request: FastifyRequest,
  { bodyBytes }: IngestLimits,
  takeBytes: (bytes: number) => void,
): Promise<Uint8Array> {
  const encoding = (request.headers['content-encoding'] ?? 'snappy').trim().toLowerCase();
  const isSnappy = encoding === 'snappy';
  const body = await readBody(request.body as Readable, {
    contentEncoding: isSnappy ? undefined : encoding,
    contentLength: Number(request.headers['content-length'] ?? 0),
    limitBytes: bodyBytes,
    takeBytes,
  });
  if (!isSnappy || body.length === 0) return body;
  // The announced size is checked before it is allocated, and counts against the room there is.
  const length = snappyLength(body);
  if (length <= bodyBytes) takeBytes(length);
  return decompressSnappy(body, bodyBytes);
}

function tellWritten(reply: FastifyReply, { written }: DecodedWrite): void {
  reply.header('X-Prometheus-Remote-Write-Samples-Written', String(written.samples));
  reply.header('X-Prometheus-Remote-Write-Histograms-Written', String(written.histograms));
  reply.header('X-Prometheus-Remote-Write-Exemplars-Written', String(written.exemplars));
}

function partlyRefused({ rejected, written, message }: DecodedWrite): BelayError {
  const stored = written.samples + written.histograms;
  return new BelayError('telemetry.refused', `${rejected} samples were refused and ${stored} stored: ${message}.`, {
    hint: 'Sending them again changes nothing.',
    details: { rejected, stored },
  });
}

function failed(cause: unknown): BelayError {
  return new BelayError('telemetry.unavailable', 'Belay failed to take this.', {
    hint: 'Send it again; nothing of this request was stored.',
    retryAfterSeconds: 5,
    cause,
  });
}
