import { createHmac, timingSafeEqual } from 'node:crypto';

/** Short-lived permissions to open the change stream, which tells only that something has changed. */
export interface StreamTickets {
  issue(): string;
  isValid(ticket: string): boolean;
}

/** Long enough for a page that reconnects all day. */
const VALID_MS = 24 * 60 * 60 * 1000;
/** Tickets of the same hour are equal, so that a client sees the same address and keeps its connection. */
const STEP_MS = 60 * 60 * 1000;

export function createStreamTickets(options: {
  readonly clock: { now(): number };
  /** Of this process: after a restart clients fetch anew and get new tickets. */
  readonly secret: Uint8Array;
}): StreamTickets {
  const { clock, secret } = options;
  const sign = (expiry: string): string =>
    `${expiry}.${createHmac('sha256', secret).update(expiry).digest('base64url')}`;
  return {
    issue: () => sign(String(Math.ceil(clock.now() / STEP_MS) * STEP_MS + VALID_MS)),
    isValid(ticket) {
      const expiry = ticket.split('.', 1)[0] ?? '';
      const [given, expected] = [Buffer.from(ticket), Buffer.from(sign(expiry))];
      return given.length === expected.length && timingSafeEqual(given, expected) && Number(expiry) > clock.now();
    },
  };
}
