import { BelayError } from '@belay/core';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Bus, NumberedEvent } from '../../platform/bus/bus.ts';
import { openEventStream, type EventStream } from '../../platform/http/event-stream.ts';
import { principalOf } from '../../platform/http/principal.ts';
import type { Log } from '../../platform/log/log.ts';

export interface LiveOptions {
  readonly bus: Bus;
  readonly clock: { now(): number };
  readonly log: Log;
  /** Age of the newest data, for the heartbeat; null before any came. */
  readonly dataAgeMs: () => number | null;
}

/** The live stream of the dashboard and the command line. */
export interface Live {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  readonly streams: () => number;
  /** Ends every stream. */
  close(): void;
}

const HEARTBEAT_MS = 1000;
/** Bytes that may wait for one reader; a slower one is cut off and resumes by Last-Event-ID. */
const WAITING_BYTES = 1024 * 1024;
const STREAMS = 500;

/** `GET /api/v1/events`: live events as server-sent events, resumed by Last-Event-ID. */
export function createLive(options: LiveOptions): Live {
  const streams = new Set<EventStream>();
  const unsubscribe = options.bus.subscribe((event) => {
    const text = messageOf(event);
    for (const stream of streams) stream.write(text);
  });
  const heartbeat = setInterval(() => {
    if (streams.size === 0) return;
    const text = heartbeatOf(options);
    for (const stream of streams) stream.write(text);
  }, HEARTBEAT_MS);
  heartbeat.unref();
  return {
    routes: async (app) => {
      app.get('/api/v1/events', { config: { scope: 'read' }, exposeHeadRoute: false }, (request, reply) =>
        open({ options, streams, request, reply }),
      );
    },
    streams: () => streams.size,
    close() {
      clearInterval(heartbeat);
      unsubscribe();
      for (const stream of streams) stream.end();
    },
  };
}

interface Opening {
  readonly options: LiveOptions;
  readonly streams: Set<EventStream>;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
}

function open({ options, streams, request, reply }: Opening): FastifyReply {
  if (streams.size >= STREAMS) {
    throw new BelayError('request.rate-limited', `${STREAMS} live streams are open already.`, { retryAfterSeconds: 5 });
  }
  const principal = principalOf(request);
  const backlog = backlogOf(options.bus, request.headers['last-event-id']);
  const stream = openEventStream({
    request,
    reply,
    waitingBytes: WAITING_BYTES,
    onCut: () => options.log.info({ tokenId: principal.tokenId }, 'slow reader of live events cut off'),
    onClose: () => streams.delete(stream),
  });
  stream.write(`retry: 1000\n\n${backlog}${heartbeatOf(options)}`);
  streams.add(stream);
  return reply;
}

/** What was missed, or a `reset` where that is no longer known. Without an id a reader starts with what comes next. */
function backlogOf(bus: Bus, lastEventId: string | string[] | undefined): string {
  if (lastEventId === undefined || lastEventId === '') return `id: ${bus.lastId}\nevent: ready\ndata:\n\n`;
  const missed = /^\d{1,16}$/.test(String(lastEventId)) ? bus.since(Number(lastEventId)) : undefined;
  if (missed === undefined) return `id: ${bus.lastId}\nevent: reset\ndata:\n\n`;
  return missed.map(messageOf).join('');
}

function messageOf({ id, event }: NumberedEvent): string {
  return `id: ${id}\ndata: ${JSON.stringify(event)}\n\n`;
}

function heartbeatOf({ clock, dataAgeMs }: LiveOptions): string {
  return `data: ${JSON.stringify({ type: 'heartbeat', at: clock.now(), dataAgeMs: dataAgeMs() })}\n\n`;
}
