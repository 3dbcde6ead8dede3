import type { ClientSession } from './client-session.ts';
import { DISCONNECTS } from './codes.ts';
import type { SessionContext } from './session-context.ts';

/** How long a client whose token has ended may take to bring a new one. */
const EXPIRY_GRACE_MS = 25_000;
/** Beats of one period, so that not all clients are called at once. */
const PARTS = 25;

/** Calls on every client once a period, and sends those away that did not answer or whose token has ended. */
export function createHeartbeat(
  sessions: ReadonlySet<ClientSession>,
  { limits, now }: SessionContext,
): { readonly stop: () => void } {
  const parts = Math.max(1, Math.min(PARTS, Math.floor(limits.heartbeatMs / 20)));
  const partOf = new WeakMap<ClientSession, number>();
  let part = 0;
  const timer = setInterval(() => {
    part = (part + 1) % parts;
    const time = now();
    for (const session of sessions) {
      const own = partOf.get(session);
      // A new client is first called on a whole period later.
      if (own === undefined) partOf.set(session, part);
      else if (own === part && session.user !== undefined) visit(session, time);
    }
  }, limits.heartbeatMs / parts).unref();
  return { stop: () => clearInterval(timer) };
}

function visit({ connection, user }: ClientSession, now: number): void {
  if (user?.expiresAtMs !== undefined && user.expiresAtMs + EXPIRY_GRACE_MS < now)
    return connection.end(DISCONNECTS.expired);
  connection.beat();
}
