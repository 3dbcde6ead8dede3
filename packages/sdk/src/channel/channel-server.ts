import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { createWarningLog } from '../warning-log.ts';
import { createAnswers } from './answers.ts';
import { createAppendQueue } from './append-queue.ts';
import { type ClientSession, createClientSession, dropSubscription } from './client-session.ts';
import { DISCONNECTS, UNSUBSCRIBES } from './codes.ts';
import { createConnection, type OpenSocket } from './connection.ts';
import { createHeartbeat } from './heartbeat.ts';
import { createHub } from './hub.ts';
import type { Json } from './log-types.ts';
import { createMemoryPresence, createPresenceBook } from './presence-book.ts';
import { startReport } from './report.ts';
import { type Counts, readLimits, type SessionContext } from './session-context.ts';
import type { ChannelServer, ChannelServerOptions, ChannelStatus, Published, PublishOptions } from './types.ts';
import { isPageAllowed, refuseUpgrade } from './upgrade.ts';

const TRIM_MS = 1000;
const DRAIN_MS = 10_000;

/** What is needed of a `WebSocketServer` of the `ws` package. */
interface Gate {
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer, done: (webSocket: OpenSocket) => void): void;
}

/**
 * Serves channels to the official Centrifugo clients on an HTTP server. A message is stored before anybody gets it, so a
 * client that comes back, to this process or another on the same log, gets exactly what it missed. Needs `ws` (>= 8)
 * beside this package.
 * @throws RangeError or TypeError for options that are not right, and where `ws` is not installed.
 */
export async function startChannelServer(options: ChannelServerOptions): Promise<ChannelServer> {
  const warnings = createWarningLog(options.onWarning ?? emitWarning);
  const context = createContext(options, warnings.add);
  const { limits, hub, queue } = context;
  const gate = await openGate(limits.frameBytes);
  const sessions = new Set<ClientSession>();
  const state = { isDraining: false, isClosed: false };
  const heartbeat = createHeartbeat(sessions, context);
  const onUpgrade = (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    const [pathname] = (request.url ?? '/').split('?');
    if (pathname !== (options.path ?? '/connection/websocket')) {
      // Others may serve it; where there are none it would hang, and its end would be an error that nobody hears.
      if (options.server.listenerCount('upgrade') === 1) refuseUpgrade(socket, 404, 'nothing here');
      return;
    }
    if (state.isDraining || state.isClosed) return refuseUpgrade(socket, 503, 'shutting down');
    if (sessions.size >= limits.connections) return refuseUpgrade(socket, 503, 'too many connections');
    if (!isPageAllowed(request, options.origins)) return refuseUpgrade(socket, 403, 'origin not allowed');
    gate.handleUpgrade(request, socket, head, (webSocket) => open(context, sessions, { webSocket, socket, request }));
  };
  options.server.on('upgrade', onUpgrade);
  const trimming = startTrimming(context);
  const server: ChannelServer = {
    publish: (channel, data, given) => publishHere(context, channel, data, given),
    status: () => ({ ...statusOf(context, sessions), isDraining: state.isDraining, warnings: warnings.list() }),
    disconnect: (userId, canReconnect = true) => disconnectUser(sessions, userId, canReconnect),
    unsubscribe: (userId, channel) => unsubscribeUser(context, sessions, { userId, channel }),
    async drain(withinMs = DRAIN_MS) {
      state.isDraining = true;
      await drain(sessions, withinMs);
    },
    async close() {
      if (state.isClosed) return;
      state.isClosed = true;
      options.server.off('upgrade', onUpgrade);
      clearInterval(trimming);
      heartbeat.stop();
      await queue.drained();
      for (const { connection } of sessions) connection.end(DISCONNECTS.shutdown);
      hub.close();
      await context.presence?.close();
      await report?.close();
    },
  };
  const report = startReport(options, () => server.status(), warnings.add);
  return server;
}

function createContext(options: ChannelServerOptions, warn: (message: string) => void): SessionContext {
  const limits = readLimits(options.limits);
  const { log } = options;
  const counts: Counts = {
    subscriptions: 0,
    published: 0,
    duplicates: 0,
    delivered: 0,
    recovered: 0,
    unrecovered: 0,
    behind: 0,
    refused: 0,
  };
  const onDelivered = (count: number): void => void (counts.delivered += count);
  const hub = createHub({ log, warn, onDelivered, deadlineMs: limits.logMs });
  const queue = createAppendQueue({
    log,
    maximumMessages: limits.waitingMessages,
    maximumBytes: limits.waitingBytes,
    onStored(entries, places) {
      const duplicates = places.filter((place) => place.isDuplicate).length;
      counts.duplicates += duplicates;
      counts.published += places.length - duplicates;
      hub.stored(entries, places);
    },
  });
  const now = (): number => Date.now();
  const presence =
    options.presence === false ? undefined : createPresenceBook(log.presence ?? createMemoryPresence(now), warn);
  const monotonic = (): number => performance.now();
  return { options, limits, log, hub, queue, presence, counts, warn, now, monotonic, byUser: new Map() };
}

async function openGate(maxPayload: number): Promise<Gate> {
  try {
    const { WebSocketServer } = await import('ws');
    return new WebSocketServer({ noServer: true, clientTracking: false, perMessageDeflate: false, maxPayload });
  } catch (cause) {
    throw new TypeError('A channel server needs the package "ws"; install it: npm install ws', { cause });
  }
}

function open(
  context: SessionContext,
  sessions: Set<ClientSession>,
  way: { readonly webSocket: OpenSocket; readonly socket: Duplex; readonly request: IncomingMessage },
): void {
  const { limits, counts, byUser } = context;
  const connection = createConnection({
    ...way,
    behindBytes: limits.behindBytes,
    onText: (text) => session.receive(text),
    onOver(isBehind) {
      if (isBehind) counts.behind += 1;
      session.leave();
      sessions.delete(session);
      clearTimeout(stale);
      if (session.user === undefined) return;
      const others = (byUser.get(session.user.id) ?? 1) - 1;
      if (others > 0) byUser.set(session.user.id, others);
      else byUser.delete(session.user.id);
    },
  });
  const session = createClientSession(context, { connection, request: way.request }, createAnswers(context));
  sessions.add(session);
  const stale = setTimeout(() => {
    if (session.user === undefined) connection.end(DISCONNECTS.stale);
  }, limits.connectMs).unref();
}

function startTrimming({ log, warn }: SessionContext): NodeJS.Timeout {
  let isTrimming = false;
  const trim = (): void => {
    if (isTrimming) return;
    isTrimming = true;
    log
      .trim()
      .catch((error: unknown) => warn(`old messages could not be removed: ${String(error)}`))
      .finally(() => {
        isTrimming = false;
      });
  };
  // At once, too: a process that is killed again and again would else never come to it.
  trim();
  return setInterval(trim, TRIM_MS).unref();
}

async function publishHere(
  { limits, queue }: SessionContext,
  channel: string,
  data: Json,
  { key, tags }: PublishOptions = {},
): Promise<Published> {
  if (channel === '' || channel.length > limits.channelNameLength)
    throw new RangeError(`channel has ${channel.length} characters; give 1 to ${limits.channelNameLength}.`);
  if (key !== undefined && (key === '' || key.length > 128))
    throw new RangeError(`key has ${key.length} characters; give 1 to 128.`);
  const body = JSON.stringify({ data, tags });
  if (!body.startsWith('{"data"'))
    throw new TypeError('data is nothing that JSON can say; give null, a text, an object.');
  const place = queue.add({ channel, body, key });
  if (place !== undefined) return place;
  throw new RangeError(`${limits.waitingMessages} messages wait to be stored; publish more slowly or try again.`);
}

function statusOf(
  { counts, hub, queue }: SessionContext,
  sessions: ReadonlySet<ClientSession>,
): Omit<ChannelStatus, 'isDraining' | 'warnings'> {
  return { ...counts, connections: sessions.size, channels: hub.channels(), waiting: queue.waiting() };
}

function disconnectUser(sessions: ReadonlySet<ClientSession>, userId: string, canReconnect: boolean): number {
  const theirs = [...sessions].filter((session) => session.user?.id === userId);
  for (const { connection } of theirs)
    connection.end(canReconnect ? DISCONNECTS.forceReconnect : DISCONNECTS.forceDisconnect);
  return theirs.length;
}

function unsubscribeUser(
  context: SessionContext,
  sessions: ReadonlySet<ClientSession>,
  { userId, channel }: { readonly userId: string; readonly channel: string },
): number {
  const theirs = [...sessions].filter((session) => session.user?.id === userId);
  const ended = theirs.filter((session) => dropSubscription(context, session, channel));
  for (const { connection } of ended)
    connection.reply(JSON.stringify({ push: { channel, unsubscribe: UNSUBSCRIBES.server } }));
  return ended.length;
}

/** Everybody leaves at a moment of their own, so that the next process is not run over. */
async function drain(sessions: ReadonlySet<ClientSession>, withinMs: number): Promise<void> {
  const leaving = [...sessions].map(
    ({ connection }) =>
      new Promise<void>((resolve) => {
        setTimeout(() => {
          connection.end(DISCONNECTS.shutdown);
          resolve();
        }, Math.random() * withinMs);
      }),
  );
  await Promise.all(leaving);
}

function emitWarning(message: string): void {
  process.emitWarning(message, { type: 'BelayWarning' });
}
