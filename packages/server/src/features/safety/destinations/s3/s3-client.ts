import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { AwsV4Signer } from 'aws4fetch';
import { failureOfAnswer, failureOfRequest, isWorthAnother } from './s3-failure.ts';
import type { S3Settings } from './s3-settings.ts';

export interface S3Request {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  /** Full key with the prefix; empty for the bucket itself. */
  readonly key: string;
  /** For messages. */
  readonly object: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  readonly signal?: AbortSignal | undefined;
}

export interface S3Client {
  /** A successful answer with its body (at most {@link ANSWER_BYTES}) as text. */
  ask(request: S3Request): Promise<S3Answer>;
  /** A successful answer whose body is yet to be read; each piece has the time limit. */
  open(request: S3Request): Promise<{ readonly answer: S3Answer; readonly body: AsyncIterable<Buffer> }>;
}

export interface S3Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

const ANSWER_BYTES = 4 * 2 ** 20;
const TIMEOUT_MS = 60_000;
const ATTEMPTS = 5;
const MAX_DELAY_MS = 10_000;
const FIRST_DELAY_MS = 200;

/** Signed requests with a deadline each, tried again while that can help. Redirects are never followed. */
export function createS3Client(settings: S3Settings): S3Client {
  const timeoutMs = settings.timeoutMs ?? TIMEOUT_MS;
  const open: S3Client['open'] = async (request) => {
    const { attempts = ATTEMPTS, maxDelayMs = MAX_DELAY_MS } = settings;
    for (let attempt = 1; ; attempt += 1) {
      const isLast = attempt >= attempts;
      const watch = createWatch(timeoutMs, request.signal);
      try {
        const response = await fetch(await signed(settings, request), { redirect: 'manual', signal: watch.signal });
        const { status, headers } = response;
        if (status >= 200 && status < 300)
          return { answer: { status, headers, text: '' }, body: watch.pieces(response.body) };
        const refusal = { status, headers, text: await textOf(watch.pieces(response.body)) };
        if (isLast || !isWorthAnother(refusal)) throw failureOfAnswer(settings, request.object, refusal);
      } catch (error) {
        const failure = failureOfRequest(settings, error, request.signal);
        if (failure === error || isLast) throw failure;
      } finally {
        watch.pause();
      }
      const longest = Math.min(maxDelayMs, FIRST_DELAY_MS * 2 ** attempt);
      await delay(Math.random() * longest, undefined, { signal: request.signal });
    }
  };
  return {
    open,
    async ask(request) {
      const { answer, body } = await open(request);
      try {
        return { ...answer, text: await textOf(body) };
      } catch (error) {
        throw failureOfRequest(settings, error, request.signal);
      }
    },
  };
}

async function signed(settings: S3Settings, request: S3Request): Promise<Request> {
  const { accessKeyId, secretAccessKey, sessionToken, region } = settings;
  const { method, body } = request;
  const signer = new AwsV4Signer({
    method,
    url: addressOf(settings, request),
    headers: {
      ...request.headers,
      'x-amz-content-sha256': createHash('sha256')
        .update(body ?? '')
        .digest('hex'),
    },
    accessKeyId,
    secretAccessKey,
    ...(sessionToken === undefined ? {} : { sessionToken }),
    service: 's3',
    region,
  });
  const { url, headers } = await signer.sign();
  // After signing: proxies change this header, and a body that is unpacked on the way could not be compared.
  headers.set('accept-encoding', 'identity');
  return new Request(url, { method, headers, ...(body === undefined ? {} : { body: new Uint8Array(body) }) });
}

function addressOf({ endpoint, bucket, addressing }: S3Settings, { key, query }: S3Request): string {
  const url = new URL(endpoint);
  const base = url.pathname.replace(/\/$/, '');
  if (addressing === 'virtual') url.host = `${bucket}.${url.host}`;
  url.pathname = addressing === 'virtual' ? `${base}/${key}` : `${base}/${bucket}${key === '' ? '' : `/${key}`}`;
  for (const [name, value] of Object.entries(query ?? {})) url.searchParams.set(name, value);
  return url.href;
}

/** Aborts when nothing happens for too long; the time of the reader between two pieces does not count. */
function createWatch(timeoutMs: number, outer: AbortSignal | undefined) {
  const own = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const pause = (): void => clearTimeout(timer);
  const start = (): void => {
    pause();
    timer = setTimeout(() => own.abort(new DOMException('no answer in time', 'TimeoutError')), timeoutMs);
  };
  start();
  return {
    signal: outer === undefined ? own.signal : AbortSignal.any([own.signal, outer]),
    pause,
    async *pieces(body: ReadableStream<Uint8Array> | null): AsyncIterable<Buffer> {
      if (body === null) return;
      const reader = body.getReader();
      try {
        for (;;) {
          start();
          const { done, value } = await reader.read();
          pause();
          if (done) return;
          yield Buffer.from(value.buffer, value.byteOffset, value.byteLength);
        }
      } finally {
        pause();
        await reader.cancel().catch(() => undefined);
      }
    },
  };
}

async function textOf(body: AsyncIterable<Buffer>): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes > ANSWER_BYTES) break;
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}
