import type { Duplex } from 'node:stream';
import { type Disconnect, DISCONNECTS } from './codes.ts';
import { buildTextFrame } from './frame.ts';

/** What is needed of a WebSocket of `ws`. */
export interface OpenSocket {
  on(event: 'message', listener: (data: Buffer, isBinary: boolean) => void): unknown;
  on(event: 'close', listener: () => void): unknown;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(code: number, reason: string): void;
  terminate(): void;
  pause(): void;
  resume(): void;
}

/** One client's way in and out. */
export interface Connection {
  /** Puts an answer on its way; several of one turn share a frame. */
  reply(text: string): void;
  /** Puts a frame that was built for many on its way, behind all answers given before. */
  deliver(frame: Buffer): void;
  /** Ends the connection; nothing is sent after. */
  end(disconnect: Disconnect): void;
  /** One heartbeat: ends the connection where the last one was not answered. */
  beat(): void;
  /** The client showed that it lives. */
  alive(): void;
  isOver(): boolean;
  /** Undefined while more may be answered; else resolves when the socket has taken what waits, or is closed. */
  caughtUp(): Promise<void> | undefined;
  pause(): void;
  resume(): void;
}

/** What a {@link Connection} needs. */
export interface ConnectionParts {
  readonly webSocket: OpenSocket;
  /** The socket below, written to directly with frames built once. */
  readonly socket: Duplex;
  /** Bytes that may wait in the socket. */
  readonly behindBytes: number;
  readonly onText: (text: string) => void;
  /** Called once, when the connection is over for whatever reason. */
  readonly onOver: (isBehind: boolean) => void;
}

const PING = buildTextFrame('{}');
/** How long a client may take to say goodbye. */
const GOODBYE_MS = 2000;

/** A connection over an open WebSocket. */
export function createConnection(parts: ConnectionParts): Connection {
  const { webSocket, socket, onText, onOver } = parts;
  let isOver = false;
  let isAwaitingPong = false;
  const finish = (isBehind: boolean): void => {
    if (isOver) return;
    isOver = true;
    onOver(isBehind);
  };
  const end = (disconnect: Disconnect): void => {
    if (isOver) return;
    outlet.flush();
    finish(disconnect.code === DISCONNECTS.slow.code);
    webSocket.close(disconnect.code, disconnect.reason);
    setTimeout(() => webSocket.terminate(), GOODBYE_MS).unref();
  };
  const outlet = createOutlet(socket, parts.behindBytes, () => end(DISCONNECTS.slow));
  webSocket.on('message', (data, isBinary) => {
    if (isOver) return;
    if (isBinary) end(DISCONNECTS.badRequest);
    else onText(data.toString('utf8'));
  });
  webSocket.on('close', () => finish(false));
  // `close` follows; the error says no more than that the connection broke.
  webSocket.on('error', () => finish(false));
  return {
    reply(text) {
      if (!isOver) outlet.reply(text);
    },
    deliver(frame) {
      if (!isOver) outlet.write(frame);
    },
    end,
    beat() {
      if (isOver) return;
      if (isAwaitingPong) return end(DISCONNECTS.noPong);
      isAwaitingPong = true;
      outlet.write(PING);
    },
    alive() {
      isAwaitingPong = false;
    },
    isOver: () => isOver,
    caughtUp: () => (isOver ? undefined : outlet.caughtUp()),
    pause: () => webSocket.pause(),
    resume: () => webSocket.resume(),
  };
}

interface Outlet {
  reply(text: string): void;
  /** Writes a frame behind all answers given before. */
  write(frame: Buffer): void;
  flush(): void;
  caughtUp(): Promise<void> | undefined;
}

function createOutlet(socket: Duplex, behindBytes: number, onBehind: () => void): Outlet {
  let replies: string[] = [];
  let repliesLength = 0;
  // A long answer may wait in full: the client asked for it.
  let grace = 0;
  socket.on('drain', () => {
    grace = 0;
  });
  const put = (frame: Buffer): void => {
    if (socket.destroyed) return;
    socket.write(frame);
    if (socket.writableLength > behindBytes + grace) onBehind();
  };
  const flush = (): void => {
    if (replies.length === 0) return;
    const frame = buildTextFrame(replies.join('\n'));
    replies = [];
    repliesLength = 0;
    grace = Math.max(grace, frame.length);
    put(frame);
  };
  return {
    reply(text) {
      if (replies.length === 0) process.nextTick(flush);
      replies.push(text);
      repliesLength += text.length;
    },
    write(frame) {
      flush();
      put(frame);
    },
    flush,
    caughtUp() {
      if (repliesLength > behindBytes) flush();
      if (socket.destroyed || !socket.writableNeedDrain || socket.writableLength <= behindBytes) return undefined;
      return new Promise((resolve) => {
        const done = (): void => {
          socket.off('drain', done);
          socket.off('close', done);
          resolve();
        };
        socket.on('drain', done);
        socket.on('close', done);
      });
    },
  };
}
