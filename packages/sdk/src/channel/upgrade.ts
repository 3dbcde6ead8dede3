import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

/**
 * Whether the web page behind a request may connect. Browsers send cookies along with a WebSocket of any page, so a page
 * of another host has to be named. Clients that are no browsers send no `Origin`.
 */
export function isPageAllowed({ headers }: IncomingMessage, origins: readonly string[] | undefined): boolean {
  const { origin, host } = headers;
  if (origin === undefined || origins?.includes('*') === true) return true;
  if (origins !== undefined) return origins.includes(origin);
  return URL.canParse(origin) && new URL(origin).host === host;
}

/** Answers a request that would open a WebSocket with an error. */
export function refuseUpgrade(socket: Duplex, status: 403 | 404 | 503, reason: string): void {
  const title = { 403: 'Forbidden', 404: 'Not Found', 503: 'Service Unavailable' }[status];
  const retry = status === 503 ? 'Retry-After: 2\r\n' : '';
  // Nobody is left to be told where the client hung up meanwhile.
  socket.on('error', () => socket.destroy());
  socket.end(
    `HTTP/1.1 ${status} ${title}\r\nConnection: close\r\n${retry}Content-Type: text/plain\r\nContent-Length: ${Buffer.byteLength(reason)}\r\n\r\n${reason}`,
  );
}
