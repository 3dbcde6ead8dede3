import type { FastifyReply, FastifyRequest } from 'fastify';

/** One reader of server-sent events. */
export interface EventStream {
  /** Sends, or cuts the reader off when too much waits for it already. Does nothing after the end. */
  write(text: string): void;
  /** Ends the stream; a reader that does not take the rest loses it. */
  end(): void;
}

interface EventStreamOptions {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Bytes that may wait for this reader. */
  readonly waitingBytes: number;
  /** The reader was too slow and is cut off. */
  readonly onCut: (waitingBytes: number) => void;
  /** The connection is gone, whatever the reason; called once. */
  readonly onClose: () => void;
}

/** How long a reader may take for the rest once its stream has ended. */
const ENDING_MS = 3000;

/** Turns a request into a stream of server-sent events, which ends with the credentials it was opened with. */
export function openEventStream({ request, reply, waitingBytes, onCut, onClose }: EventStreamOptions): EventStream {
  const { raw } = reply;
  const signal = request.principal?.signal;
  let ending: NodeJS.Timeout | undefined;
  const isOver = (): boolean => raw.writableEnded || raw.destroyed;
  const end = (): void => {
    if (isOver()) return;
    raw.end();
    ending = setTimeout(() => raw.destroy(), ENDING_MS);
    ending.unref();
  };
  reply.hijack();
  raw.writeHead(200, {
    ...headersOf(reply),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store, no-transform',
    // Proxies that buffer would hold events back.
    'x-accel-buffering': 'no',
  });
  raw.once('close', () => {
    clearTimeout(ending);
    signal?.removeEventListener('abort', end);
    onClose();
  });
  // A connection that breaks is closed, too, and that is what counts.
  raw.on('error', () => raw.destroy());
  signal?.addEventListener('abort', end, { once: true });
  if (signal?.aborted === true) end();
  return {
    write(text) {
      if (isOver()) return;
      if (raw.writableLength <= waitingBytes) return void raw.write(text);
      onCut(raw.writableLength);
      raw.destroy();
    },
    end,
  };
}

function headersOf(reply: FastifyReply): Record<string, string> {
  return Object.fromEntries(Object.entries(reply.getHeaders()).map(([name, value]) => [name, String(value)]));
}
