import { BelayError, isBelayError } from '@belay/core';
import { logFilter } from '@belay/protocol';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { openEventStream, type EventStream } from '../../platform/http/event-stream.ts';
import { hintOf, issuesOf } from '../../platform/http/input-issues.ts';
import type { Log } from '../../platform/log/log.ts';
import type { TelemetryStore } from '../telemetry/api.ts';
import { createLogTail } from './log-tail.ts';

export interface TailRoutesOptions {
  readonly telemetry: TelemetryStore;
  readonly clock: { now(): number };
  readonly log: Log;
}

/** Live tails that are open. */
export interface TailRoutes {
  readonly routes: (app: FastifyInstance) => void;
  readonly streams: () => number;
  /** Ends every tail. */
  close(): void;
}

const STREAMS = 50;
const ADVANCE_MS = 1000;
/** A reader that lets more than this wait is cut off; it is told what it misses long before. */
const WAITING_BYTES = 8 * 2 ** 20;

/** `GET /api/v1/logs/tail`: lines as they arrive, as server-sent events, resumed by Last-Event-ID. */
export function tailRoutes(options: TailRoutesOptions): TailRoutes {
  const streams = new Set<EventStream>();
  return {
    routes: (app) => {
      app.get('/api/v1/logs/tail', { config: { scope: 'read' }, exposeHeadRoute: false }, (request, reply) =>
        open(options, streams, { request, reply }),
      );
    },
    streams: () => streams.size,
    close() {
      for (const stream of streams) stream.end();
    },
  };
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

function open(options: TailRoutesOptions, streams: Set<EventStream>, { request, reply }: Exchange): FastifyReply {
  if (streams.size >= STREAMS) {
    throw new BelayError('request.rate-limited', `${STREAMS} live tails are open already.`, { retryAfterSeconds: 5 });
  }
  const { telemetry, clock, log } = options;
  const filter = logFilter.safeParse(request.query, { reportInput: true });
  if (!filter.success) {
    const issues = issuesOf(filter.error);
    throw new BelayError('request.invalid', 'The tail cannot be opened so.', { hint: hintOf(issues, 'query'), issues });
  }
  const raw = reply.raw;
  // Written before the stream is there: a filter that cannot be read is still answered as an error.
  const tail = createLogTail({
    telemetry,
    clock,
    filter: filter.data,
    since: blockOf(request.headers['last-event-id']),
    reader: { waitingBytes: () => raw.writableLength, write: (text) => stream.write(text) },
  });
  const stream = openEventStream({
    request,
    reply,
    waitingBytes: WAITING_BYTES,
    onCut: () => log.info({}, 'slow reader of a live tail cut off'),
    onClose: () => {
      clearInterval(timer);
      streams.delete(stream);
    },
  });
  const advance = (): void =>
    void tail.advance().catch((error: unknown) => {
      // The next round reads the same blocks again; nothing is lost by waiting.
      if (!isBelayError(error)) log.error({ err: error }, 'a live tail could not be read');
    });
  const timer = setInterval(advance, ADVANCE_MS);
  timer.unref();
  streams.add(stream);
  stream.write('retry: 1000\n\n');
  advance();
  return reply;
}

function blockOf(id: string | string[] | undefined): number | undefined {
  return typeof id === 'string' && /^\d{1,10}$/.test(id) ? Number(id) : undefined;
}
