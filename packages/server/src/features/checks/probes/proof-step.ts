import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import http from 'node:http';
import https from 'node:https';
import { answerText, proofAuthorization, proofHeaders, type ProofAnswer, tokenText } from '@belay/core/health';
import { parseDuration } from '@belay/core/rollout';
import { networkFailure } from './http-step.ts';
import { isRefused, nextMessage, openSocket, type Refused } from './open-socket.ts';
import { type OpenSocket, type ProbeStep, StepFailure, type StepWorld } from './probe-types.ts';
import { guardedLookup } from './step-world.ts';

type ProofStep = Extract<ProbeStep, { type: 'ws_proof' }>;

const LEAST_KEY = 16;
const NUMBERS = 5;
const CONTROL_MS = 2000;
const PIECES_APART_MS = 500;

interface Proof {
  readonly step: ProofStep;
  readonly world: StepWorld;
  readonly key: string;
  readonly nonce: string;
  /** Path that the app must see. */
  readonly path: string;
}

/** Proves, past the proxies and through them, that credentials arrive as they were sent and connections last. */
export async function runProof(step: ProofStep, world: StepWorld): Promise<string> {
  const key = world.secret(step.key);
  if (key.length < LEAST_KEY)
    throw new StepFailure('secret-short', `${step.key} has fewer than ${LEAST_KEY} characters`, 'Use a random one.');
  const url = world.address(step.url, ['ws:', 'wss:']);
  const direct = step.direct === undefined ? undefined : world.address(step.direct, ['ws:', 'wss:']);
  const nonce = (): string => randomBytes(16).toString('hex');
  const path = (direct ?? url).pathname;
  if (direct !== undefined) {
    const proof = { step, world, key, nonce: nonce(), path };
    await open(direct, proof, null)
      .then(({ socket }) => socket.terminate())
      .catch((error: unknown) => {
        if (!(error instanceof StepFailure)) throw error;
        throw new StepFailure(
          'app',
          `past the proxies, too: ${error.message}`,
          'It is the app, not a proxy. See the how-to.',
        );
      });
  }
  const proof = { step, world, key, nonce: nonce(), path };
  const { socket, answer } = await open(url, proof, null);
  await exchangeNumbers(socket, 1, world);
  const idleMs = parseDuration(step.idle ?? '0s') ?? 0;
  if (idleMs > 0) await holdIdle(socket, idleMs, world);
  socket.terminate();
  const again = await open(url, proof, NUMBERS);
  again.socket.close(1000);
  if (step.control ?? true) await control(url, proof);
  if (step.streaming ?? false) await streaming(url, proof);
  const isSame = again.answer.instance === answer.instance && again.answer.resumed !== null;
  return [
    `credentials and ${answer.paddingBytes} bytes of headers arrive at ${answer.path}`,
    idleMs > 0 ? `silence of ${step.idle} is kept` : '',
    isSame ? 'resumed after a drop' : 'connected anew after a drop, to another process',
  ]
    .filter(Boolean)
    .join(', ');
}

async function open(
  url: URL,
  proof: Proof,
  resume: number | null,
): Promise<{ socket: OpenSocket; answer: ProofAnswer }> {
  const { world, step } = proof;
  const bytes = step.header_bytes ?? 2000;
  const opened = await openSocket(url, { headers: headersOf(proof, bytes, resume), signal: world.signal }, world);
  if (isRefused(opened)) throw await refusal(url, { proof, bytes, refused: opened });
  const answer = await firstAnswer(opened, proof);
  if (answer.authorization !== 'intact') {
    const isMissing = answer.authorization === 'missing';
    throw new StepFailure(
      isMissing ? 'authorization-stripped' : 'authorization-changed',
      `the upgrade succeeds, but the Authorization header ${isMissing ? 'does not arrive' : 'arrives changed'}`,
      isMissing
        ? 'A proxy removes it: look for proxy_set_header Authorization "", http-request del-header, RequestHeader unset.'
        : 'A proxy sets its own: look for proxy_set_header Authorization, http-request set-header, RequestHeader set.',
    );
  }
  if (answer.path !== proof.path)
    throw new StepFailure(
      'wrong-route',
      `the app sees ${answer.path.slice(0, 200)}, not ${proof.path}`,
      'Look at the paths of the proxy.',
    );
  if (answer.paddingBytes !== bytes)
    throw new StepFailure('header-cut', `${answer.paddingBytes} of ${bytes} bytes of a header arrive`);
  return { socket: opened, answer };
}

function headersOf({ nonce, key, world }: Proof, bytes: number, resume: number | null): Record<string, string> {
  const seconds = Math.floor(Date.now() / 1000);
  return {
    ...world.tag,
    authorization: proofAuthorization(nonce, seconds, sign(key, tokenText(nonce, seconds))),
    [proofHeaders.nonce]: nonce,
    ...(bytes === 0 ? {} : { [proofHeaders.padding]: 'x'.repeat(bytes) }),
    ...(resume === null ? {} : { [proofHeaders.resume]: String(resume) }),
  };
}

/** Why an upgrade was refused. Where a long header may be the reason, a short one is tried. */
async function refusal(
  url: URL,
  { proof, bytes, refused }: { readonly proof: Proof; readonly bytes: number; readonly refused: Refused },
): Promise<StepFailure> {
  const { status, location } = refused;
  if (status >= 300 && status < 400 && location !== undefined) {
    const next = new URL(location, url);
    const isOther = next.host !== url.host;
    return new StepFailure(
      isOther ? 'redirect-host' : 'redirect',
      `the upgrade is redirected to ${isOther ? `another host, ${next.host}` : next.pathname}`,
      'Clients do not send credentials along. Let the address that users know answer itself.',
    );
  }
  if (bytes > 0) {
    const opening = { headers: headersOf(proof, 0, null), signal: proof.world.signal };
    const short = await openSocket(url, opening, proof.world).catch(() => refused);
    if (!isRefused(short)) {
      short.terminate();
      const mend = 'Raise large_client_header_buffers, tune.bufsize or LimitRequestFieldSize.';
      return new StepFailure('header-size', `a header of ${bytes} bytes is refused with ${status}`, mend);
    }
  }
  if (status === 426 || status === 200 || status === 400)
    return new StepFailure(
      'no-upgrade',
      `the upgrade does not reach the app: answered ${status}`,
      'Let the proxy pass Upgrade and Connection, with HTTP/1.1.',
    );
  if (status === 401 || status === 403)
    return new StepFailure(
      'authorization-refused',
      `refused with ${status}`,
      'Is the middleware in front of your own check, with the same key?',
    );
  if (status >= 500) return new StepFailure('upstream', `the proxy answers ${status}`, 'It does not reach the app.');
  return new StepFailure(
    'wrong-route',
    `answered ${status}: the address does not lead to the app`,
    'Look at the routes of the proxy.',
  );
}

async function firstAnswer(socket: OpenSocket, { world, key, nonce }: Proof): Promise<ProofAnswer> {
  const text = await nextMessage(socket, world.signal).catch((error: unknown) => {
    if (error instanceof StepFailure) throw stranger(error.message);
    throw error;
  });
  const answer = readAnswer(text);
  if (answer === undefined || answer.nonce !== nonce) throw stranger('its first message is no answer to the proof');
  const expected = Buffer.from(sign(key, answerText(answer)));
  const given = Buffer.from(answer.signature);
  if (expected.length !== given.length || !timingSafeEqual(expected, given))
    throw new StepFailure('proof-key', 'the app signs with another key', 'Give both sides the same key.');
  return answer;
}

function stranger(why: string): StepFailure {
  const mend = 'It leads to another app, or the middleware is not installed.';
  return new StepFailure(
    'wrong-route',
    `the upgrade succeeds, but whoever answers does not know the proof: ${why}`,
    mend,
  );
}

function readAnswer(text: string): ProofAnswer | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('belay' in value) || value.belay !== 'proof/1')
      return undefined;
    // Decoder: the signature, which is checked next, covers every field.
    return value as ProofAnswer;
  } catch {
    return undefined;
  }
}

/** Numbers come back in order, one for one. */
async function exchangeNumbers(socket: OpenSocket, from: number, world: StepWorld): Promise<void> {
  for (let n = from; n < from + NUMBERS; n += 1) socket.send(JSON.stringify({ n }));
  for (let n = from; n < from + NUMBERS; n += 1) {
    const text = await nextMessage(socket, world.signal);
    if (text !== JSON.stringify({ n }))
      throw new StepFailure(
        'order',
        `message ${n} came back as ${text.slice(0, 60)}`,
        'A hop loses or reorders messages.',
      );
  }
}

async function holdIdle(socket: OpenSocket, idleMs: number, world: StepWorld): Promise<void> {
  const hold = AbortSignal.any([world.signal, AbortSignal.timeout(idleMs)]);
  const startedAt = performance.now();
  while (!hold.aborted && socket.closed === undefined) await socket.changed(hold);
  if (socket.closed === undefined && !world.signal.aborted) {
    socket.send(JSON.stringify({ n: NUMBERS + 1 }));
    const answer = await nextMessage(socket, world.signal).catch(() => undefined);
    if (answer !== undefined) return;
  }
  const after = Math.round((performance.now() - startedAt) / 100) / 10;
  throw new StepFailure(
    'idle-cut',
    `a silent connection is cut after ${after} s`,
    'Raise proxy_read_timeout, timeout tunnel or ProxyTimeout, or let the app ping more often than that.',
  );
}

/** Without credentials the door must stay shut, or the proof would prove nothing. */
async function control(url: URL, { world }: Proof): Promise<void> {
  const signal = AbortSignal.any([world.signal, AbortSignal.timeout(CONTROL_MS)]);
  const opened = await openSocket(url, { headers: world.tag, signal: world.signal }, world).catch(() => undefined);
  if (opened === undefined || isRefused(opened)) return;
  while (!signal.aborted && opened.closed === undefined) await opened.changed(signal);
  const isOpen = opened.closed === undefined;
  opened.terminate();
  if (isOpen)
    throw new StepFailure(
      'open-to-all',
      'a connection without credentials is let in',
      'Refuse it with 401, or close it with 4401; or set control: false.',
    );
}

/** An answer in two pieces must come in two pieces. */
function streaming(url: URL, proof: Proof): Promise<void> {
  const address = new URL(url);
  address.protocol = url.protocol === 'wss:' ? 'https:' : 'http:';
  const { world } = proof;
  return new Promise((resolve, reject) => {
    const client = address.protocol === 'https:' ? https : http;
    const headers = { ...headersOf(proof, 0, null), [proofHeaders.stream]: '1' };
    const request = client.request(address, { headers, signal: world.signal, lookup: guardedLookup, agent: false });
    request.on('error', (error) => reject(networkFailure(error, address)));
    request.on('response', (response) => {
      const times: number[] = [];
      response.on('data', () => times.push(performance.now()));
      response.on('error', (error) => reject(networkFailure(error, address)));
      response.on('end', () => {
        const apart = (times.at(-1) ?? 0) - (times[0] ?? 0);
        if (response.statusCode === 200 && times.length >= 2 && apart >= PIECES_APART_MS) return resolve();
        const why =
          response.statusCode === 200 ? 'an answer in two pieces comes as one' : `answered ${response.statusCode}`;
        reject(
          new StepFailure(
            'buffering',
            `${why}: a proxy holds streamed answers back`,
            'Set proxy_buffering off, or flushpackets=on.',
          ),
        );
      });
    });
    request.end();
  });
}

function sign(key: string, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}
