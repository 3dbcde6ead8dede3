import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Unit, endUnit, openUnit, unitScope } from './unit-scope.ts';

/**
 * Makes every HTTP request that this process answers a unit of work, by Node's own diagnostics channel: no patching,
 * no `--import`, no order of imports. Returns how to stop; several clients share one subscription.
 */
export function watchHttpUnits(): () => void {
  const scope = unitScope();
  scope.httpUsers += 1;
  if (scope.httpUsers === 1) {
    subscribe(startChannel, beginRequest);
    scope.stopHttp = () => unsubscribe(startChannel, beginRequest);
  }
  let isStopped = false;
  return () => {
    if (isStopped) return;
    isStopped = true;
    scope.httpUsers -= 1;
    if (scope.httpUsers > 0) return;
    scope.stopHttp?.();
    scope.stopHttp = undefined;
  };
}

const startChannel = 'http.server.request.start';

/** Node catches what a subscriber throws and rethrows it as an uncaught exception, so this must not throw. */
function beginRequest(message: unknown): void {
  if (!isRequestStart(message)) return;
  const { request, response } = message;
  if (isProbe(request)) {
    // Nobody is behind a golden path, so what it meets says nothing of a change: the unit counts as over.
    unitScope().storage.enterWith({ ...openUnit('probe', 0), hasEnded: true });
    return;
  }
  const unit = openUnit('http', performance.now());
  unit.describe = () => `${request.method ?? ''} ${pathOf(request.url)}`;
  unit.watchEnd = () => watchResponse(unit, request, response);
  // Every callback of this request descends from this point; the next request on the connection enters its own unit.
  unitScope().storage.enterWith(unit);
}

/** Called when the unit meets its first guarded flag: requests that meet none cost no listener. */
function watchResponse(unit: Unit, request: IncomingMessage, response: ServerResponse): void {
  if (response.writableFinished || response.closed) return endUnit(unit, isFailure(request, response));
  response.once('close', () => endUnit(unit, isFailure(request, response)));
}

/** Whether Belay walks a golden path: its requests are tagged, and hops may keep only one of the two tags. */
function isProbe({ headers }: IncomingMessage): boolean {
  const { baggage } = headers;
  return headers['x-belay-probe'] !== undefined || (typeof baggage === 'string' && baggage.includes('belay.probe='));
}

/** A status of 500 or more, or a connection that this side cut before the answer was out. A client may hang up. */
function isFailure({ socket }: IncomingMessage, response: ServerResponse): boolean {
  if (response.writableFinished) return response.statusCode >= 500;
  if (response.headersSent && response.statusCode >= 500) return true;
  const clientLeft = socket.readableEnded || (socket.errored !== null && socket.errored !== response.errored);
  return !clientLeft;
}

/** A path that is safe to show: without the query, ids replaced, short. */
function pathOf(url: string | undefined): string {
  const path = (url ?? '/').split('?', 1)[0] ?? '/';
  return path.slice(0, 200).replaceAll(/\/(?:\d+|[0-9a-fA-F-]{16,}|[^/]*\d{3}[^/]*)(?=\/|$)/g, '/:id');
}

interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

function isRequestStart(message: unknown): message is RequestStart {
  return typeof message === 'object' && message !== null && 'request' in message && 'response' in message;
}
