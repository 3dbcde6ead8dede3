import http from 'node:http';
import https from 'node:https';
import type { TLSSocket } from 'node:tls';
import { parseDuration } from '@belay/core/rollout';
import { checkText, extractJson } from './expectation.ts';
import { type ProbeStep, StepFailure, type StepWorld } from './probe-types.ts';
import { guardedLookup } from './step-world.ts';

type HttpStep = Extract<ProbeStep, { type: 'http' }>;

const BODY_BYTES = 1024 * 1024;
const DEFAULT_CERTIFICATE_DAYS = 7;

export interface HttpAnswer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
  readonly certificateDays: number | null;
}

/** One request, and what its answer must be. */
export async function runHttp(step: HttpStep, world: StepWorld): Promise<string> {
  const startedAt = performance.now();
  const json = step.json === undefined ? undefined : JSON.stringify(world.fillJson(step.json));
  const body = json ?? (step.body === undefined ? undefined : world.fill(step.body));
  const headers = {
    ...(json === undefined ? {} : { 'content-type': 'application/json' }),
    ...filled(step.headers, world),
    ...world.tag,
  };
  const first = world.address(step.url, ['http:', 'https:']);
  const answer = await followed(
    first,
    { method: step.method ?? 'GET', headers, body, redirects: step.redirects ?? 0 },
    world,
  );
  const tookMs = performance.now() - startedAt;
  judge(step, world, answer, tookMs);
  if (step.extract !== undefined) extractJson(answer.body, step.extract, world);
  return `${answer.status} after ${Math.round(tookMs)} ms`;
}

interface Sending {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly redirects: number;
}

/** Redirects to another host are never followed: the credentials would go there, or get lost. */
async function followed(url: URL, sending: Sending, world: StepWorld): Promise<HttpAnswer> {
  const answer = await exchange(url, sending, world.signal);
  if (answer.certificateDays !== null) world.certificate(answer.certificateDays);
  const { location } = answer.headers;
  const isRedirect = answer.status >= 300 && answer.status < 400 && location !== undefined;
  if (!isRedirect || sending.redirects === 0) return answer;
  const next = new URL(location, url);
  if (next.host !== url.host) {
    throw new StepFailure(
      'redirect',
      `it redirects to another host, ${next.host}`,
      'Name the host that answers itself.',
    );
  }
  if (next.protocol !== url.protocol && next.protocol !== 'https:') {
    throw new StepFailure(
      'redirect',
      `it redirects from ${url.protocol} to ${next.protocol}, where credentials could be read on the way`,
      'Let it redirect to https.',
    );
  }
  return followed(next, { ...sending, redirects: sending.redirects - 1 }, world);
}

function exchange(url: URL, { method, headers, body }: Sending, signal: AbortSignal): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const client = url.protocol === 'https:' ? https : http;
    const request = client.request(url, { method, headers, signal, lookup: guardedLookup, agent: false });
    request.on('error', (error) => reject(networkFailure(error, url)));
    request.on('response', (response) => {
      const certificateDays = daysOf(response.socket);
      const chunks: Buffer[] = [];
      let bytes = 0;
      response.on('data', (chunk: Buffer) => {
        bytes += chunk.length;
        chunks.push(chunk);
        if (bytes <= BODY_BYTES) return;
        request.destroy();
        reject(new StepFailure('too-large', `the answer is larger than ${BODY_BYTES} bytes`));
      });
      response.on('error', (error) => reject(networkFailure(error, url)));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text, certificateDays });
      });
    });
    request.end(body);
  });
}

/** The stable word of what Node says of a connection. */
export function networkFailure(error: Error & { code?: string }, url: URL): StepFailure {
  if (error instanceof StepFailure) return error;
  const { code = '' } = error;
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: 'connection-refused',
    ECONNRESET: 'connection-reset',
    ENOTFOUND: 'name-not-found',
    EAI_AGAIN: 'name-not-found',
    ETIMEDOUT: 'timeout',
    ABORT_ERR: 'timeout',
    CERT_HAS_EXPIRED: 'certificate-expired',
    DEPTH_ZERO_SELF_SIGNED_CERT: 'certificate-untrusted',
    SELF_SIGNED_CERT_IN_CHAIN: 'certificate-untrusted',
    UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'certificate-untrusted',
    ERR_TLS_CERT_ALTNAME_INVALID: 'certificate-name',
  };
  const word = words[code] ?? 'connection';
  return new StepFailure(word, `${url.host}: ${word === 'timeout' ? 'no answer in time' : error.message}`);
}

/** Days that the certificate of the other side is still valid; null without TLS. */
export function daysOf(socket: unknown): number | null {
  if (!isTls(socket)) return null;
  const until = Date.parse(socket.getPeerCertificate().valid_to);
  return Number.isFinite(until) ? Math.floor((until - Date.now()) / 86_400_000) : null;
}

function isTls(socket: unknown): socket is TLSSocket {
  return typeof socket === 'object' && socket !== null && 'getPeerCertificate' in socket;
}

function judge(step: HttpStep, world: StepWorld, answer: HttpAnswer, tookMs: number): void {
  const { status, headers, body, certificateDays } = answer;
  const expected = step.expect ?? {};
  const wanted = expected.status === undefined ? null : [expected.status].flat();
  const isWanted = wanted === null ? status >= 200 && status < 300 : wanted.includes(status);
  if (!isWanted) {
    const seen = world.redact(body.trim()).slice(0, 200);
    throw new StepFailure(
      `status-${status}`,
      `answered ${status}, not ${wanted?.join(' or ') ?? '2xx'}${seen === '' ? '' : `: ${seen}`}`,
    );
  }
  for (const [name, value] of Object.entries(expected.headers ?? {})) {
    const seen = String(headers[name.toLowerCase()] ?? '');
    if (!seen.includes(world.fill(value)))
      throw new StepFailure('header', `the header ${name} is "${world.redact(seen).slice(0, 100)}"`);
  }
  checkText(body, expected, world);
  const withinMs = expected.within === undefined ? null : parseDuration(expected.within);
  if (withinMs !== null && tookMs > withinMs)
    throw new StepFailure('slow', `took ${Math.round(tookMs)} ms, more than ${expected.within}`);
  const least = expected.certificate_days ?? DEFAULT_CERTIFICATE_DAYS;
  if (certificateDays !== null && certificateDays < least)
    throw new StepFailure('certificate-ends', `the certificate ends in ${certificateDays} days`, 'Renew it.');
}

/** Headers with their variables filled in. */
export function filled(
  headers: Readonly<Record<string, string>> | undefined,
  world: StepWorld,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), world.fill(value)]),
  );
}
