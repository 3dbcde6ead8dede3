import http from 'node:http';
import https from 'node:https';
import { createConnectWatch } from './connect-watch.ts';

/** One exchange with the server. */
export interface Exchange {
  readonly method: 'GET' | 'POST';
  /** Path and query, below the server's address. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer;
  /** Milliseconds for all of it, the answer's last byte included. */
  readonly deadlineMs: number;
  /** Most bytes of the answer that are read. */
  readonly maximumBytes: number;
}

/** An answer in full. */
export interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** What a stream tells while it is open. `onEnd` comes exactly once, last. */
export interface StreamHandlers {
  readonly onText: (chunk: string) => void;
  readonly onEnd: (reason: string) => void;
}

/** The only way out of this process. Nothing it opens keeps the process alive. */
export interface Transport {
  /** Resolves to the answer or, in one sentence, why there is none. Never rejects. */
  exchange(request: Exchange): Promise<Answer | { readonly failure: string }>;
  /** Opens an event stream; returns how to close it. */
  open(path: string, connectMs: number, handlers: StreamHandlers): (reason: string) => void;
  close(): void;
}

/** Where to, and with which token. */
export interface TransportSettings {
  readonly url: URL;
  readonly key: string | undefined;
  readonly sdkVersion: string;
}

/** A transport over Node's own HTTP client. */
export function createTransport({ url, key, sdkVersion }: TransportSettings): Transport {
  const client = url.protocol === 'https:' ? https : http;
  const agent = new client.Agent({ keepAlive: true, maxSockets: 6, maxFreeSockets: 2, timeout: 60_000 });
  const watch = createConnectWatch();
  const base = url.pathname.replace(/\/+$/, '');
  const ours = {
    'user-agent': `belay-node/${sdkVersion}`,
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  const send = (method: string, path: string, headers: Readonly<Record<string, string>>): http.ClientRequest => {
    const request = client.request({
      protocol: url.protocol,
      hostname: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port: url.port,
      path: base + path,
      method,
      agent,
      headers: { ...ours, ...headers },
    });
    watch.add(request);
    return request;
  };
  return {
    exchange: (exchange) => runExchange(exchange, send),
    open: (path, connectMs, handlers) => openStream(() => send('GET', path, streamHeaders), connectMs, handlers),
    close: () => agent.destroy(),
  };
}

const streamHeaders = { accept: 'text/event-stream', 'cache-control': 'no-cache' };

type Send = (method: string, path: string, headers: Readonly<Record<string, string>>) => http.ClientRequest;

function runExchange(exchange: Exchange, send: Send): Promise<Answer | { readonly failure: string }> {
  return new Promise((resolve) => {
    const { body, deadlineMs, maximumBytes } = exchange;
    const request = attempt(() =>
      send(exchange.method, exchange.path, {
        accept: 'application/json',
        ...exchange.headers,
        ...(body === undefined ? {} : { 'content-length': String(body.length) }),
      }),
    );
    if ('failure' in request) return resolve(request);
    let isDone = false;
    const finish = (outcome: Answer | { readonly failure: string }): void => {
      isDone = true;
      clearTimeout(timer);
      resolve(outcome);
    };
    const fail = (failure: string): void => {
      if (isDone) return;
      finish({ failure });
      request.destroy();
    };
    const timer = setTimeout(() => fail(`no full answer within ${deadlineMs} ms`), deadlineMs);
    timer.unref();
    request.on('error', (error) => fail(`the request failed: ${error.message}`));
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let length = 0;
      response.on('data', (chunk: Buffer) => {
        length += chunk.length;
        if (length > maximumBytes) return fail(`the answer is larger than ${maximumBytes} bytes`);
        chunks.push(chunk);
      });
      response.on('error', (error) => fail(`the answer broke off: ${error.message}`));
      response.on('close', () => fail('the answer broke off'));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        finish({ status: response.statusCode ?? 0, headers: response.headers, body: text });
      });
    });
    request.end(body);
  });
}

function openStream(
  send: () => http.ClientRequest,
  connectMs: number,
  { onText, onEnd }: StreamHandlers,
): (reason: string) => void {
  let isOver = false;
  let request: http.ClientRequest | undefined;
  let timer: NodeJS.Timeout | undefined;
  const end = (reason: string): void => {
    if (isOver) return;
    isOver = true;
    clearTimeout(timer);
    request?.destroy();
    // Told later, so that a stream never ends within the call that opens it.
    queueMicrotask(() => onEnd(reason));
  };
  const opened = attempt(send);
  if ('failure' in opened) {
    end(opened.failure);
    return end;
  }
  request = opened;
  timer = setTimeout(() => end(`no answer within ${connectMs} ms`), connectMs);
  timer.unref();
  opened.on('error', (error) => end(`the connection failed: ${error.message}`));
  opened.on('response', (response) => {
    clearTimeout(timer);
    const type = response.headers['content-type'] ?? 'nothing';
    if (response.statusCode !== 200) return end(`the server answered ${response.statusCode ?? 0}`);
    if (!type.startsWith('text/event-stream'))
      return end(`the server answered with ${type.slice(0, 60)}, not a stream`);
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => {
      if (!isOver) onText(chunk);
    });
    response.on('error', (error) => end(`the stream broke off: ${error.message}`));
    response.on('close', () => end('the server closed the stream'));
  });
  opened.end();
  return end;
}

/** A header or path that Node refuses is a failure like any other. */
function attempt(send: () => http.ClientRequest): http.ClientRequest | { readonly failure: string } {
  try {
    return send();
  } catch (error) {
    return { failure: `the request could not be made: ${error instanceof Error ? error.message : String(error)}` };
  }
}
