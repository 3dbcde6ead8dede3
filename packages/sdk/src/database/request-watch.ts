import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { currentOperation } from './operation.ts';

let users = 0;

/**
 * Notes on the write that is going on which hosts it asks (`fetch` and `node:http`), for all databases of the process;
 * returns how to stop. Node tells of these requests itself, so nothing is patched.
 */
export function watchRequests(): () => void {
  if (users === 0) {
    subscribe('undici:request:create', onFetch);
    subscribe('http.client.request.created', onHttp);
  }
  users += 1;
  let isStopped = false;
  return () => {
    if (isStopped) return;
    isStopped = true;
    users -= 1;
    if (users > 0) return;
    unsubscribe('undici:request:create', onFetch);
    unsubscribe('http.client.request.created', onHttp);
  };
}

function onFetch(message: unknown): void {
  note((message as { request?: { origin?: unknown } }).request?.origin);
}

function onHttp(message: unknown): void {
  note((message as { request?: { host?: unknown } }).request?.host);
}

function note(host: unknown): void {
  const operation = currentOperation.getStore();
  if (operation === undefined || operation.hasEnded || !operation.isWrite) return;
  if (operation.sideEffects.length < 10) operation.sideEffects.push(String(host).slice(0, 100));
}
