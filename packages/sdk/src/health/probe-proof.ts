import { createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  answerText,
  PROOF_MAX_AGE_S,
  type ProofAnswer,
  proofHeaders,
  readProofAuthorization,
  tokenText,
} from '@belay/core/health';
import { acceptUpgrade, createFrameReader, serverFrame } from './web-socket-frames.ts';

/** How the answering side of a proof is set up. */
export interface ProbeProofOptions {
  /** Shared with the golden path, at least 16 characters. Default: the environment's `BELAY_PROBE_KEY`. */
  readonly key?: string;
}

/** Answers proofs of golden paths (`ws_proof` steps) in place of the application, and nothing else. */
export interface ProbeProof {
  /** Call first in `server.on('upgrade')`: true when the request was a proof, and is answered. */
  upgrade(request: IncomingMessage, socket: Duplex): boolean;
  /** Call first for requests: true when the request was a proof, and is answered. */
  request(request: IncomingMessage, response: ServerResponse): boolean;
  /** Ends the connections of proofs that are under way. */
  close(): void;
}

const LEAST_KEY = 16;
const MOST_AT_ONCE = 20;
const MOST_REMEMBERED = 1000;
const LONGEST_MS = 300_000;
/** Longer than the 200 ms for which a kernel may hold back what is not finished. */
const PIECE_MS = 1000;

/**
 * The answering side of the proof that credentials survive every proxy. It lets nobody in: it says, signed with the
 * shared key, what arrived of a token that only a holder of the key can make. Without a key it answers nothing.
 */
export function createProbeProof(options: ProbeProofOptions = {}): ProbeProof {
  const key = options.key ?? process.env['BELAY_PROBE_KEY'] ?? '';
  const isOn = key.length >= LEAST_KEY;
  const instance = randomUUID();
  const seen = new Map<string, number>();
  const open = new Set<Duplex>();
  return {
    upgrade(request, socket) {
      const nonce = nonceOf(request);
      if (!isOn || nonce === undefined || open.size >= MOST_AT_ONCE) return false;
      if (!acceptUpgrade(request, socket)) return false;
      const answer = answerOf(request, { nonce, key, instance, seen });
      open.add(socket);
      const timer = setTimeout(() => socket.destroy(), LONGEST_MS).unref();
      socket.on('close', () => {
        open.delete(socket);
        clearTimeout(timer);
      });
      socket.on('error', () => socket.destroy());
      // Node leaves upgraded sockets half open, and one that nobody reads never ends.
      socket.on('end', () => socket.destroy());
      socket.resume();
      socket.write(serverFrame(1, Buffer.from(JSON.stringify(answer))));
      if (answer.authorization === 'intact') echo(socket, (n) => remember(seen, nonce, n));
      else closeWith(socket, 4401);
      return true;
    },
    request(request, response) {
      const nonce = nonceOf(request);
      if (!isOn || nonce === undefined) return false;
      const { authorization } = answerOf(request, { nonce, key, instance, seen });
      const isStream = request.headers[proofHeaders.stream] !== undefined;
      if (!isStream || authorization !== 'intact') {
        response.writeHead(isStream ? 401 : 426, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ belay: 'proof/1', authorization }));
        return true;
      }
      response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
      response.write('data: 1\n\n');
      const timer = setTimeout(() => response.end('data: 2\n\n'), PIECE_MS).unref();
      response.on('close', () => clearTimeout(timer));
      return true;
    },
    close() {
      for (const socket of open) socket.destroy();
    },
  };
}

interface Answering {
  readonly nonce: string;
  readonly key: string;
  readonly instance: string;
  readonly seen: ReadonlyMap<string, number>;
}

function nonceOf({ headers }: IncomingMessage): string | undefined {
  const nonce = headers[proofHeaders.nonce];
  return typeof nonce === 'string' && /^[0-9a-f]{32}$/.test(nonce) ? nonce : undefined;
}

function answerOf(request: IncomingMessage, { nonce, key, instance, seen }: Answering): ProofAnswer {
  const { headers } = request;
  const padding = headers[proofHeaders.padding];
  const unsigned = {
    belay: 'proof/1',
    nonce,
    authorization: arrived(headers.authorization, nonce, key),
    path: (request.url ?? '/').split('?', 1)[0] ?? '/',
    paddingBytes: typeof padding === 'string' ? padding.length : 0,
    instance,
    resumed: headers[proofHeaders.resume] === undefined ? null : (seen.get(nonce) ?? null),
  } as const;
  return { ...unsigned, signature: sign(key, answerText(unsigned)) };
}

/** A second header of the same name makes it changed, too: Node joins or drops what it should not get twice. */
function arrived(header: string | undefined, nonce: string, key: string): ProofAnswer['authorization'] {
  if (header === undefined || header.trim() === '') return 'missing';
  const token = readProofAuthorization(header);
  if (token === undefined || token.nonce !== nonce) return 'changed';
  const isFresh = Math.abs(Date.now() / 1000 - token.unixSeconds) <= PROOF_MAX_AGE_S;
  const expected = Buffer.from(sign(key, tokenText(nonce, token.unixSeconds)));
  const given = Buffer.from(token.signature);
  return isFresh && expected.length === given.length && timingSafeEqual(expected, given) ? 'intact' : 'changed';
}

/** Numbers come back as they were sent. */
function echo(socket: Duplex, note: (n: number) => void): void {
  const read = createFrameReader();
  socket.on('data', (chunk: Buffer) => {
    const frames = read(chunk);
    if (frames === undefined) return socket.destroy();
    for (const { kind, payload } of frames) {
      if (kind === 'close') return closeWith(socket, 1000);
      if (kind === 'ping') socket.write(serverFrame(10, payload));
      const match = kind === 'text' ? /^\{"n":(\d{1,9})\}$/.exec(payload.toString('utf8')) : null;
      if (match === null) continue;
      note(Number(match[1]));
      socket.write(serverFrame(1, payload));
    }
  });
}

function remember(seen: Map<string, number>, nonce: string, n: number): void {
  seen.delete(nonce);
  seen.set(nonce, n);
  const [oldest] = seen.keys();
  if (seen.size > MOST_REMEMBERED && oldest !== undefined) seen.delete(oldest);
}

function closeWith(socket: Duplex, code: number): void {
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  socket.end(serverFrame(8, payload));
}

function sign(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}
