import type { IncomingMessage } from 'node:http';
import WebSocket from 'ws';
import { daysOf, networkFailure } from './http-step.ts';
import { type OpenSocket, StepFailure, type StepWorld } from './probe-types.ts';
import { guardedLookup } from './step-world.ts';

const MESSAGE_BYTES = 1024 * 1024;
const MOST_WAITING = 1000;
/** What may wait altogether, as UTF-16 in memory about twice as much. */
const MOST_WAITING_CHARACTERS = 4 * 1024 * 1024;

export interface Opening {
  readonly headers: Readonly<Record<string, string>>;
  readonly protocols?: readonly string[];
  readonly signal: AbortSignal;
}

/** An answer to an upgrade that is none. */
export interface Refused {
  readonly status: number;
  readonly location: string | undefined;
  readonly body: string;
}

/** Opens a WebSocket, or says what was answered instead. Redirects are never followed: credentials get lost on them. */
export async function openSocket(
  url: URL,
  { headers, protocols = [], signal }: Opening,
  world: StepWorld,
): Promise<OpenSocket | Refused> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, [...protocols], {
      headers,
      followRedirects: false,
      maxPayload: MESSAGE_BYTES,
      perMessageDeflate: false,
      lookup: guardedLookup,
    });
    world.sockets.all.add(socket);
    const opened = wrap(socket);
    const onAbort = (): void => {
      socket.terminate();
      reject(new StepFailure('timeout', `${url.host}: the WebSocket did not open in time`));
    };
    // Before all else: a socket that is ended while it opens says so by an error, which would end the process unheard.
    socket.on('error', (error) => reject(networkFailure(error, url)));
    if (signal.aborted) return onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    socket.once('upgrade', (response) => {
      const days = daysOf(response.socket);
      if (days !== null) world.certificate(days);
    });
    socket.once('unexpected-response', (request, response) => {
      readRefusal(response, (refused) => {
        request.destroy();
        socket.terminate();
        resolve(refused);
      });
    });
    socket.once('open', () => {
      signal.removeEventListener('abort', onAbort);
      resolve(opened);
    });
  });
}

export function isRefused(answer: OpenSocket | Refused): answer is Refused {
  return 'status' in answer;
}

function readRefusal(response: IncomingMessage, done: (refused: Refused) => void): void {
  let body = '';
  response.setEncoding('utf8');
  const finish = (): void => done({ status: response.statusCode ?? 0, location: response.headers.location, body });
  response.on('data', (chunk: string) => {
    body += chunk;
    if (body.length > 2000) finish();
  });
  response.on('end', finish);
  response.on('error', finish);
}

function wrap(socket: WebSocket): OpenSocket {
  const waiting: string[] = [];
  const state: { closed: OpenSocket['closed'] } = { closed: undefined };
  let wake: (() => void)[] = [];
  const tell = (): void => {
    const all = wake;
    wake = [];
    for (const one of all) one();
  };
  socket.on('message', (data: Buffer) => {
    // A server that floods is not waited for: the oldest messages are not looked at.
    const text = data.toString('utf8');
    let characters = waiting.reduce((sum, one) => sum + one.length, text.length);
    while (waiting.length >= MOST_WAITING || (characters > MOST_WAITING_CHARACTERS && waiting.length > 0))
      characters -= waiting.shift()?.length ?? 0;
    waiting.push(text);
    tell();
  });
  socket.on('close', (code, reason) => {
    state.closed = { code, reason: reason.toString('utf8') };
    tell();
  });
  return {
    waiting,
    get closed() {
      return state.closed;
    },
    changed: (signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        signal.addEventListener('abort', () => resolve(), { once: true });
        wake.push(resolve);
      }),
    send: (text) => socket.send(text),
    close: (code) => socket.close(code),
    terminate: () => socket.terminate(),
  };
}

/** The next message; a failure when the other side closes or the time is up. */
export async function nextMessage(socket: OpenSocket, signal: AbortSignal): Promise<string> {
  for (;;) {
    const text = socket.waiting.shift();
    if (text !== undefined) return text;
    if (socket.closed !== undefined) {
      const { code, reason } = socket.closed;
      throw new StepFailure(
        `closed-${code}`,
        `the WebSocket was closed with ${code}${reason === '' ? '' : ` (${reason.slice(0, 100)})`}`,
      );
    }
    if (signal.aborted) throw new StepFailure('timeout', 'no message came in time');
    await socket.changed(signal);
  }
}
