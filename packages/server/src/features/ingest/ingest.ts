import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { hash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { BelayError, type ErrorCode, isBelayError } from '@belay/core';
import {
  decodeOtlpRequest,
  encodeOtlpStatus,
  encodeOtlpSuccess,
  type OtlpEncoding,
  type OtlpSignal,
  type TelemetryBatch,
} from '@belay/wire';
import type { Ingest, IngestLimits, IngestOptions } from './api.ts';
import { rowsOfBatch } from '../telemetry/api.ts';
import type { DropCause, DroppedRows } from './drop-account.ts';
import { readBody } from './request-body.ts';

const MEBIBYTE = 2 ** 20;
const DEFAULTS: IngestLimits = { bodyBytes: 64 * MEBIBYTE, waitingBytes: 256 * MEBIBYTE };
const SIGNALS = ['metrics', 'traces', 'logs'] as const satisfies readonly OtlpSignal[];

/** Takes OTLP/HTTP requests and answers 200 only when their rows are on disk. */
export function createIngest(options: IngestOptions): Ingest {
  const { store, log } = options;
  const limits = { ...DEFAULTS, ...options.limits };
  const counts = { accepted: 0, refused: 0, shed: 0, duplicates: 0, rejectedItems: 0 };
  const withRoom = createReadingRoom(store, limits);

  const take = async (request: FastifyRequest, signal: OtlpSignal): Promise<Uint8Array> => {
    const encoding = encodingOf(request);
    const { decoded, mark } = await withRoom(async (takeBytes) => {
      const body = await readBody(request.body as Readable, {
        contentEncoding: request.headers['content-encoding'],
        contentLength: Number(request.headers['content-length'] ?? 0),
        limitBytes: limits.bodyBytes,
        takeBytes,
      });
      return {
        decoded: decodeOtlpRequest(body, { signal, encoding }),
        mark: { hash: requestHash(body, `${signal} ${encoding}`), bytes: body.length },
      };
    });
    const outcome = await store.write(rowsOfBatch(decoded.batch), mark);
    if (outcome === 'duplicate') counts.duplicates += 1;
    counts.accepted += 1;
    counts.rejectedItems += decoded.rejected;
    options.drops.add({ cause: 'invalid', signal, sender: senderOf(decoded.batch), count: decoded.rejected });
    return encodeOtlpSuccess({ signal, encoding, rejected: decoded.rejected, message: decoded.message });
  };

  const refuse = (request: FastifyRequest, reply: FastifyReply, error: unknown): FastifyReply => {
    const failure = isBelayError(error) ? error : new BelayError('server.failed', 'Belay failed.', { cause: error });
    const isShed = failure.status === 503 || failure.status === 429;
    counts[isShed ? 'shed' : 'refused'] += 1;
    const cause = dropCauseOf(failure.code);
    // What was in a request that was not read is not known, so it counts as one.
    if (cause !== undefined) options.drops.add({ cause, signal: signalOf(request), sender: '', count: 1 });
    // 500 is never sent: exporters would not send again, and nothing has been stored.
    if (failure.code === 'server.failed') log.error({ err: error }, 'ingest failed');
    return sendFailure(request, reply, failure);
  };

  return {
    routes: async (app: FastifyInstance) => {
      app.removeAllContentTypeParsers();
      app.addContentTypeParser('*', (_request, payload, done) => done(null, payload));
      app.setErrorHandler((error, request, reply) => refuse(request, reply, error));
      app.addHook('onRequest', options.requireIngestScope);
      for (const signal of SIGNALS) {
        const url = `/v1/${signal}`;
        app.post(url, { bodyLimit: Number.MAX_SAFE_INTEGER, config: { scope: 'ingest' } }, async (request, reply) => {
          const answer = await take(request, signal);
          return reply.code(200).type(contentTypes[encodingOf(request)]).send(Buffer.from(answer));
        });
      }
    },
    closedThrough: store.closedThrough,
    stats: () => ({ ...counts, late: store.stats().lateRows }),
    close: async () => {},
  };
}

/**
 * Accounts for a body as its bytes arrive, until it is decoded; rows that wait are accounted for by the store. What is
 * announced says nothing: some announce much and send nothing, others stream without end.
 */
function createReadingRoom(store: IngestOptions['store'], limits: IngestLimits) {
  let readingBytes = 0;
  return async <Result>(work: (take: (bytes: number) => void) => Promise<Result>): Promise<Result> => {
    let taken = 0;
    const take = (bytes: number): void => {
      if (readingBytes + store.stats().waitingBytes + bytes > limits.waitingBytes) throw overloaded();
      readingBytes += bytes;
      taken += bytes;
    };
    try {
      return await work(take);
    } finally {
      readingBytes -= taken;
    }
  };
}

const CAUSES: Readonly<Partial<Record<ErrorCode, DropCause>>> = {
  'telemetry.overloaded': 'overloaded',
  'telemetry.unavailable': 'engine-down',
  'storage.full': 'disk-full',
  'request.too-large': 'too-large',
  'request.malformed': 'undecodable',
  'request.unsupported-media-type': 'undecodable',
  'request.rate-limited': 'rate-limited',
};

function dropCauseOf(code: ErrorCode): DropCause | undefined {
  return CAUSES[code];
}

function signalOf(request: FastifyRequest): DroppedRows['signal'] {
  return SIGNALS.find((signal) => request.url.startsWith(`/v1/${signal}`)) ?? 'other';
}

function senderOf({ spans, logs, outcomes }: TelemetryBatch): string {
  return (spans[0] ?? logs[0] ?? outcomes[0])?.resource.service ?? '';
}

const contentTypes: Readonly<Record<OtlpEncoding, string>> = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
};

function encodingOf(request: FastifyRequest): OtlpEncoding {
  const type = (request.headers['content-type'] ?? '').split(';')[0]?.trim().toLowerCase();
  if (type === 'application/x-protobuf' || type === 'application/protobuf') return 'protobuf';
  if (type === 'application/json') return 'json';
  throw new BelayError('request.unsupported-media-type', `The content type "${type ?? ''}" is not OTLP.`, {
    hint: 'Send "Content-Type: application/x-protobuf" or "application/json".',
  });
}

/** Exporters repeat a failed request byte by byte, so its bytes name it. */
function requestHash(body: Uint8Array, address: string): bigint {
  const digest = hash('sha256', body, 'buffer').readBigUInt64LE();
  return digest ^ hash('sha256', address, 'buffer').readBigUInt64LE();
}

function overloaded(): BelayError {
  return new BelayError('telemetry.overloaded', 'Too much telemetry is waiting to be stored.', {
    hint: 'Send it again later; nothing of this request was stored.',
    retryAfterSeconds: 2,
  });
}

const RPC_CODES: Readonly<Record<number, number>> = { 400: 3, 415: 3, 413: 8, 401: 16, 403: 7, 429: 14, 503: 14 };

/** OTLP asks for a google.rpc.Status; in JSON it also carries the members of a problem document. */
function sendFailure(request: FastifyRequest, reply: FastifyReply, failure: BelayError): FastifyReply {
  const status = failure.status === 500 ? 503 : failure.status;
  const code = RPC_CODES[status] ?? 13;
  const message = failure.hint === undefined ? failure.message : `${failure.message} ${failure.hint}`;
  const retryAfter = failure.retryAfterSeconds ?? (status === 503 ? 1 : undefined);
  if (retryAfter !== undefined) reply.header('Retry-After', String(retryAfter));
  if (status === 401) reply.header('WWW-Authenticate', 'Bearer realm="belay"');
  // The rest of a body that is not read to its end would be taken for the next request.
  if (status === 413) reply.header('Connection', 'close');
  reply.code(status);
  if (/protobuf/.test(request.headers['content-type'] ?? '')) {
    return reply
      .type(contentTypes.protobuf)
      .send(Buffer.from(encodeOtlpStatus({ encoding: 'protobuf', code, message })));
  }
  const problem = { status, title: failure.message, detail: message, hint: failure.hint, details: failure.details };
  return reply.type('application/json').send({ code, message, error: failure.code, ...problem });
}
