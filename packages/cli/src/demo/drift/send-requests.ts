import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { exitCode } from '../../exit-code.ts';
import { CliFailure } from '../../failure.ts';
import type { ShopRequest } from './shop-history.ts';

/** Where telemetry goes, as an exporter of OpenTelemetry has it. */
export interface Destination {
  readonly url: string;
  readonly key: string;
}

const TRIES = 20;
const DEADLINE_MS = 30_000;
const AGAIN_MS = 500;
const SERVER_SPAN = 2;
const STATUS_ERROR = 2;

/** Sends requests as spans, OTLP/HTTP in JSON with gzip, and returns when Belay says that they are stored. */
export async function sendRequests(requests: readonly ShopRequest[], { url, key }: Destination): Promise<void> {
  const body = await promisify(gzip)(JSON.stringify(otlpOf(requests)), { level: 1 });
  let last = '';
  for (let tried = 0; tried < TRIES; tried += 1) {
    try {
      const answer = await fetch(`${url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip', authorization: `Bearer ${key}` },
        body,
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      const text = await answer.text();
      if (answer.ok) return;
      last = `${answer.status}: ${text.slice(0, 200)}`;
      if (answer.status !== 429 && answer.status !== 503) break;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    // The same bytes again: Belay knows them where only its answer was lost.
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  throw new CliFailure({
    code: 'server.failed',
    exitCode: exitCode.failed,
    what: 'The telemetry of the shop was not taken.',
    why: last,
    fix: 'belay demo drift --keep   (and read server.log in the folder it prints)',
  });
}

function otlpOf(requests: readonly ShopRequest[]): object {
  const resource = { attributes: [attribute('service.name', 'shop'), attribute('service.version', '2.3.0')] };
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'shop' }, spans: requests.map(spanOf) }] }] };
}

function spanOf({ traceId, spanId, operation, startMs, durationMs, failed }: ShopRequest): object {
  const { method, route } = operation;
  return {
    traceId,
    spanId,
    name: `${method} ${route}`,
    kind: SERVER_SPAN,
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(startMs + durationMs),
    attributes: [
      attribute('http.request.method', method),
      attribute('http.route', route),
      { key: 'http.response.status_code', value: { intValue: failed ? 500 : 200 } },
    ],
    status: failed ? { code: STATUS_ERROR } : {},
  };
}

function attribute(key: string, text: string): object {
  return { key, value: { stringValue: text } };
}

function nanoseconds(ms: number): string {
  return `${Math.round(ms * 1000)}000`;
}
