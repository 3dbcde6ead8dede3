import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Readable } from 'node:stream';
import { BelayError, isBelayError } from '@belay/core';
import type { RedactionCounts } from '@belay/core/redaction';
import type { ErrorEvent } from '@belay/core/errors';
import {
  encodeOtlpStatus,
  encodeOtlpSuccess,
  errorEventsOfBatch,
  type OtlpEncoding,
  type OtlpSignal,
} from '@belay/wire';
import type { RequestMark, WriteRequest } from '../telemetry/api.ts';
import type { Ingest, IngestLimits, IngestOptions } from './api.ts';
import { type ClockWatch, createClockWatch } from './clock-watch.ts';
import { createDecoding } from './decoding.ts';
import { dropCauseOf, signalOf, sumOf } from './drop-causes.ts';
import { createReadingRoom } from './reading-room.ts';
import { remoteWriteRoutes } from './remote-write.ts';
import { readBody } from './request-body.ts';
import { requestHash } from './request-hash.ts';

const MEBIBYTE = 2 ** 20;
const DEFAULTS: IngestLimits = { bodyBytes: 64 * MEBIBYTE, waitingBytes: 256 * MEBIBYTE };
const SIGNALS = ['metrics', 'traces', 'logs'] as const satisfies readonly OtlpSignal[];

/** Takes OTLP/HTTP requests and answers 200 only when their rows are on disk. */
export function createIngest(options: IngestOptions): Ingest {
  const { store, series } = options;
  const limits = { ...DEFAULTS, ...options.limits };
  const counts = { accepted: 0, refused: 0, shed: 0, duplicates: 0, rejectedItems: 0 };
  const withRoom = createReadingRoom(store, limits);
  const decode = createDecoding(options);
  const redacted: RedactionCounts = new Map();
  const clocks = clocksOf(options);

  const take = async (request: FastifyRequest, signal: OtlpSignal): Promise<Uint8Array> => {
    const encoding = encodingOf(request);
    if (signal === 'metrics') await series.whenReady();
    const { rejected, message, dropped, sender, newestMs, content, mark, stored, told, redactions } = await withRoom(
      async (takeBytes) => {
        const body = await readRequest(request, limits.bodyBytes, takeBytes);
        const decoded = decode(body, { signal, encoding });
        return { ...decoded, mark: { hash: requestHash(body, `${signal} ${encoding}`), bytes: body.length } };
      },
    );
    // Exceptions told by spans and log records are errors, too, and are stored with what tells them.
    const events = errorEventsOfBatch(told);
    const outcome = await write(options, { events, content, mark });
    stored();
    if (newestMs !== null) clocks.note(sender, newestMs, options.clock.now());
    if (outcome === 'duplicate') counts.duplicates += 1;
    else {
      for (const [rule, count] of redactions) redacted.set(rule, (redacted.get(rule) ?? 0) + count);
      options.drops.add({ cause: 'redacted', signal, sender, count: sumOf(redactions) });
    }
    counts.accepted += 1;
    counts.rejectedItems += rejected;
    for (const [cause, count] of dropped) options.drops.add({ cause, signal, sender, count });
    return encodeOtlpSuccess({ signal, encoding, rejected, message });
  };
  const refuse = refusing(options, counts);

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
      await app.register(remoteWriteRoutes({ ...options, limits, withRoom, counts, redacted }));
    },
    skewedClocks: clocks.list,
    closedThrough: store.closedThrough,
    stats: () => ({ ...counts, late: store.stats().lateRows, redacted: Object.fromEntries(redacted) }),
    close: async () => {},
  };
}

function readRequest(
  request: FastifyRequest,
  limitBytes: number,
  takeBytes: (bytes: number) => void,
): Promise<Uint8Array> {
  return readBody(request.body as Readable, {
    contentEncoding: request.headers['content-encoding'],
    contentLength: Number(request.headers['content-length'] ?? 0),
    limitBytes,
    takeBytes,
  });
}

/** Watches the clocks of senders; the account counts each that is off. */
function clocksOf({ log, drops }: IngestOptions): ClockWatch {
  return createClockWatch({
    log,
    onSkew: ({ service }) => drops.add({ cause: 'clock-skew', signal: 'other', sender: service, count: 1 }),
  });
}

interface Writing {
  readonly events: readonly ErrorEvent[];
  readonly content: WriteRequest;
  readonly mark: RequestMark;
}

async function write(
  { store, errors }: IngestOptions,
  { events, content, mark }: Writing,
): Promise<'stored' | 'duplicate'> {
  if (errors === undefined || events.length === 0) return store.write(content, mark);
  return (await errors.write(events, content, { project: '', source: 'otlp', mark })).stored;
}

/** Counts a request that is not taken, and says why. */
function refusing(
  { drops, log }: IngestOptions,
  counts: { shed: number; refused: number },
): (request: FastifyRequest, reply: FastifyReply, error: unknown) => FastifyReply {
  return (request, reply, error) => {
    const failure = isBelayError(error) ? error : new BelayError('server.failed', 'Belay failed.', { cause: error });
    const isShed = failure.status === 503 || failure.status === 429;
    counts[isShed ? 'shed' : 'refused'] += 1;
    const cause = dropCauseOf(failure.code);
    // What was in a request that was not read is not known, so it counts as one.
    if (cause !== undefined) drops.add({ cause, signal: signalOf(request.url), sender: '', count: 1 });
    // 500 is never sent: exporters would not send again, and nothing has been stored.
    if (failure.code === 'server.failed') log.error({ err: error }, 'ingest failed');
    return sendFailure(request, reply, failure);
  };
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
