import { setTimeout as delay } from 'node:timers/promises';
import { exitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';

/** Where records go. */
export interface RecordTarget {
  readonly url: string;
  readonly token: string;
  /** Told when Belay cannot take records now, in one sentence. */
  readonly onWait: (why: string) => void;
  readonly signal: AbortSignal;
}

const DEADLINE_MS = 15_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

/**
 * Sends a request until it is stored; the file is the buffer, so it waits as long as it takes. Returns how many records
 * Belay refused for good; rejects when interrupted or when the token does not allow it.
 */
export async function sendRecords(body: Buffer, records: number, target: RecordTarget): Promise<number> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await post(body, target);
    if (typeof answer !== 'string') {
      if (answer.status === 200) return rejectedIn(answer.text);
      if (answer.status === 401 || answer.status === 403) throw notAllowed(answer.status, target.url);
      if ([400, 413, 415, 422].includes(answer.status)) return records;
    }
    target.onWait(typeof answer === 'string' ? answer : `Belay answered ${answer.status}`);
    const asked = typeof answer === 'string' ? 0 : 1000 * answer.retryAfterSeconds;
    const wait = Math.min(LONGEST_WAIT_MS, Math.max(asked, FIRST_WAIT_MS * 2 ** Math.min(attempt, 6)));
    await delay(wait, undefined, { signal: target.signal });
  }
}

interface Answer {
  readonly status: number;
  readonly retryAfterSeconds: number;
  readonly text: string;
}

async function post(body: Buffer, { url, token, signal }: RecordTarget): Promise<Answer | string> {
  signal.throwIfAborted();
  try {
    const response = await fetch(`${url}/v1/logs`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: Uint8Array.from(body),
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
    });
    const retryAfterSeconds = Number(response.headers.get('retry-after') ?? 0);
    return {
      status: response.status,
      retryAfterSeconds: Number.isFinite(retryAfterSeconds) ? retryAfterSeconds : 0,
      text: await response.text(),
    };
  } catch (error) {
    signal.throwIfAborted();
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    return `Belay cannot be reached at ${url}: ${cause instanceof Error ? cause.message : String(cause)}`;
  }
}

function rejectedIn(text: string): number {
  try {
    const answer = JSON.parse(text) as { partialSuccess?: { rejectedLogRecords?: string | number } } | null;
    return Number(answer?.partialSuccess?.rejectedLogRecords ?? 0);
  } catch {
    // 200 means stored, whatever stands in the answer.
    return 0;
  }
}

function notAllowed(status: number, url: string): CliFailure {
  return new CliFailure({
    code: status === 401 ? 'access.unauthenticated' : 'access.forbidden',
    exitCode: exitCode.access,
    what: 'The token does not allow sending logs.',
    why: `${url} answered ${status}.`,
    fix: 'belay token create logs --scope ingest   (with an admin token), then --token or BELAY_KEY',
  });
}
