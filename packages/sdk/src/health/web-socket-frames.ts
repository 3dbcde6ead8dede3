import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/** A message, or what the other side wants of the connection. */
export interface Frame {
  readonly kind: 'text' | 'ping' | 'close' | 'other';
  readonly payload: Buffer;
}

const OPCODES: Readonly<Record<number, Frame['kind']>> = { 1: 'text', 8: 'close', 9: 'ping' };

/** Answers an upgrade by RFC 6455; false where the request is no proper one. */
export function acceptUpgrade(request: IncomingMessage, socket: Duplex): boolean {
  const key = request.headers['sec-websocket-key'];
  if (key === undefined || request.headers.upgrade?.toLowerCase() !== 'websocket') return false;
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Upgrade: websocket',
    'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`,
  ];
  socket.write(`${lines.join('\r\n')}\r\n\r\n`);
  return true;
}

/** One unmasked frame, as servers send it; at most 64 KB. */
export function serverFrame(opcode: 1 | 8 | 10, payload: Buffer): Buffer {
  const isShort = payload.length < 126;
  const head = Buffer.alloc(isShort ? 2 : 4);
  head[0] = 0x80 | opcode;
  head[1] = isShort ? payload.length : 126;
  if (!isShort) head.writeUInt16BE(payload.length, 2);
  return Buffer.concat([head, payload]);
}

/** Frames of a client, as their bytes come in; `undefined` once they break the rules or are longer than 64 KB. */
export function createFrameReader(): (chunk: Buffer) => Frame[] | undefined {
  let waiting = Buffer.alloc(0);
  return (chunk) => {
    waiting = Buffer.concat([waiting, chunk]);
    const frames: Frame[] = [];
    while (waiting.length >= 2) {
      const size = (waiting[1] ?? 0) & 0x7f;
      const isMasked = ((waiting[1] ?? 0) & 0x80) !== 0;
      if (!isMasked || size === 127) return undefined;
      const headBytes = size === 126 ? 4 : 2;
      if (waiting.length < headBytes + 4) break;
      const length = size === 126 ? waiting.readUInt16BE(2) : size;
      if (waiting.length < headBytes + 4 + length) break;
      const mask = waiting.subarray(headBytes, headBytes + 4);
      const payload = Buffer.from(waiting.subarray(headBytes + 4, headBytes + 4 + length));
      for (let at = 0; at < payload.length; at += 1) payload[at] = (payload[at] ?? 0) ^ (mask[at % 4] ?? 0);
      frames.push({ kind: OPCODES[(waiting[0] ?? 0) & 0x0f] ?? 'other', payload });
      waiting = waiting.subarray(headBytes + 4 + length);
    }
    return frames;
  };
}
