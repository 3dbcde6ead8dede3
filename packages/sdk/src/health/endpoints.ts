import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { CheckedResult } from './types.ts';

/** What the endpoints tell. */
export interface EndpointFacts {
  readonly service: string;
  isAlive(): boolean;
  hasStarted(): boolean;
  isDraining(): boolean;
  /** The latest result of each check. */
  results(): readonly CheckedResult[];
  /** Results of critical checks that are at most 2 s old. */
  fresh(): Promise<readonly CheckedResult[]>;
  /** Details are told to whoever has it; `undefined`: to nobody. */
  readonly detailsToken: string | undefined;
}

/** Status and body of one endpoint. */
export interface EndpointAnswer {
  readonly status: 200 | 503;
  readonly body: Readonly<Record<string, unknown>>;
}

/** Content type of all answers (draft-inadarei-api-health-check-06). */
export const HEALTH_TYPE = 'application/health+json';

/** Answers `/livez`, `/readyz`, `/startupz` and `/healthz`; `undefined` for any other address. */
export async function answerHealth(
  path: string,
  authorization: string | undefined,
  facts: EndpointFacts,
): Promise<EndpointAnswer | undefined> {
  switch (path) {
    case '/livez':
      // No dependency: a database that hiccups must not have every process started anew.
      return answer(facts.isAlive() ? 'pass' : 'fail', {});
    case '/startupz':
      return answer(facts.hasStarted() ? 'pass' : 'fail', {});
    case '/readyz': {
      if (!facts.hasStarted() || facts.isDraining()) return answer('fail', {});
      return answer(verdict(await facts.fresh()), {});
    }
    case '/healthz': {
      const results = facts.results();
      const status = facts.isDraining() ? 'fail' : verdict(results);
      return answer(status, mayKnow(authorization, facts.detailsToken) ? details(facts.service, results) : {});
    }
    default:
      return undefined;
  }
}

/** Only what the service cannot work without takes it out of the traffic; other failures are warnings. */
function verdict(results: readonly CheckedResult[]): 'pass' | 'warn' | 'fail' {
  if (results.some(({ outcome, critical }) => outcome === 'fail' && critical)) return 'fail';
  return results.some(({ outcome }) => outcome !== 'pass') ? 'warn' : 'pass';
}

function answer(status: 'pass' | 'warn' | 'fail', more: Readonly<Record<string, unknown>>): EndpointAnswer {
  return { status: status === 'fail' ? 503 : 200, body: { status, ...more } };
}

function details(service: string, results: readonly CheckedResult[]): Readonly<Record<string, unknown>> {
  const checks = results.map(({ name, title, outcome, text, value, unit }) => [
    name,
    [
      {
        componentId: title,
        status: outcome,
        ...(value === null ? {} : { observedValue: value }),
        ...(unit === null ? {} : { observedUnit: unit }),
        ...(outcome === 'pass' ? {} : { output: text }),
      },
    ],
  ]);
  return { serviceId: service, checks: Object.fromEntries(checks) };
}

function mayKnow(authorization: string | undefined, token: string | undefined): boolean {
  if (token === undefined || token === '' || authorization === undefined) return false;
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(authorization), hash(`Bearer ${token}`));
}

/** A plain Node handler: true when it answered. */
export function serveHealth(request: IncomingMessage, response: ServerResponse, facts: EndpointFacts): boolean {
  const path = (request.url ?? '').split('?', 1)[0] ?? '';
  if (!/^\/(livez|readyz|startupz|healthz)$/.test(path) || (request.method !== 'GET' && request.method !== 'HEAD'))
    return false;
  void answerHealth(path, request.headers.authorization, facts).then((found) => {
    if (found === undefined || response.headersSent || response.destroyed) return;
    response.writeHead(found.status, { 'content-type': HEALTH_TYPE, 'cache-control': 'no-store' });
    response.end(request.method === 'HEAD' ? undefined : JSON.stringify(found.body));
  });
  return true;
}
