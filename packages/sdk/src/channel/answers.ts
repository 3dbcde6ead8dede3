import { DISCONNECTS, ERRORS, UNSUBSCRIBES } from './codes.ts';
import { bodyOf, checkName, jsonText, mustBeAllowed } from './client-wish.ts';
import { type Answer, type ClientSession, dropSubscription, Refusal, refuse } from './client-session.ts';
import type { Command, HistoryCommand, SubscribeCommand } from './command.ts';
import { type Missed, readMissed } from './hub.ts';
import { inTime } from './in-time.ts';
import type { Json } from './log-types.ts';
import { answerOutbox, OUTBOX_METHOD } from './outbox-answer.ts';
import type { SessionContext } from './session-context.ts';
import { publicationOf, type Topic } from './topic.ts';
import type { ChannelUser } from './types.ts';

type Of<Kind extends Command['kind']> = Extract<Command, { readonly kind: Kind }>;

/** What a server does with each command of a client. */
export function createAnswers(context: SessionContext): Answer {
  return (session, command) => {
    if (command.kind === 'connect') return connect(context, session, command);
    if (session.user === undefined) {
      session.connection.end(DISCONNECTS.badRequest);
      return;
    }
    return answerKnown(context, session, session.user, command);
  };
}

function answerKnown(
  context: SessionContext,
  session: ClientSession,
  user: ChannelUser,
  command: Exclude<Command, { readonly kind: 'connect' }>,
): Promise<void> | void {
  switch (command.kind) {
    case 'subscribe':
      return subscribe(context, session, user, command);
    case 'publish':
      return publish(context, session, user, command);
    case 'unsubscribe':
      dropSubscription(context, session, command.channel);
      return session.connection.reply(`{"id":${command.id},"unsubscribe":{}}`);
    case 'presence':
    case 'presence_stats':
      return presence(context, session, user, command);
    case 'history':
      return history(context, session, user, command);
    case 'rpc':
      return rpc(context, session, user, command);
    case 'refresh':
      return refresh(context, session, user, command);
    case 'unknown':
      throw new Refusal(ERRORS.methodNotFound);
    case 'pong':
      return;
  }
}

async function connect(context: SessionContext, session: ClientSession, command: Of<'connect'>): Promise<void> {
  const { options, limits, byUser, now } = context;
  const { connection, request } = session;
  if (session.user !== undefined || request === undefined) return connection.end(DISCONNECTS.badRequest);
  const { token, data } = command;
  const user = await options.authenticate({ token, data, request, isRefresh: false });
  if (connection.isOver()) return;
  if (user === undefined) return connection.end(DISCONNECTS.invalidToken);
  if (user.expiresAtMs !== undefined && user.expiresAtMs <= now()) throw new Refusal(ERRORS.tokenExpired);
  const count = byUser.get(user.id) ?? 0;
  // Nobody in particular may well be many.
  if (user.id !== '' && count >= limits.connectionsPerUser) return connection.end(DISCONNECTS.connectionLimit);
  byUser.set(user.id, count + 1);
  session.user = user;
  if (user.expiresAtMs === undefined) session.request = undefined;
  const result = {
    client: session.clientId,
    version: 'belay',
    ping: Math.ceil(limits.heartbeatMs / 1000),
    pong: true,
    ...expiry(user, now()),
  };
  connection.reply(JSON.stringify({ id: command.id, connect: result }));
}

async function refresh(
  context: SessionContext,
  session: ClientSession,
  before: ChannelUser,
  command: Of<'refresh'>,
): Promise<void> {
  const { request, connection } = session;
  // Who never expires has nothing to refresh.
  if (request === undefined) throw new Refusal(ERRORS.notAvailable);
  const user = await context.options.authenticate({ token: command.token, data: undefined, request, isRefresh: true });
  if (user === undefined || user.id !== before.id) return connection.end(DISCONNECTS.invalidToken);
  if (user.expiresAtMs !== undefined && user.expiresAtMs <= context.now()) throw new Refusal(ERRORS.tokenExpired);
  session.user = user;
  const result = { client: session.clientId, version: 'belay', ...expiry(user, context.now()) };
  connection.reply(JSON.stringify({ id: command.id, refresh: result }));
}

function expiry({ expiresAtMs }: ChannelUser, now: number): object {
  if (expiresAtMs === undefined) return {};
  return { expires: true, ttl: Math.max(1, Math.floor((expiresAtMs - now) / 1000)) };
}

async function subscribe(
  context: SessionContext,
  session: ClientSession,
  user: ChannelUser,
  command: SubscribeCommand,
): Promise<void> {
  const { channel, token, data } = command;
  const { limits, hub } = context;
  checkName(context, channel);
  if (session.subscriptions.has(channel)) throw new Refusal(ERRORS.alreadySubscribed);
  if (session.subscriptions.size >= limits.channelsPerConnection) throw new Refusal(ERRORS.limitExceeded);
  await mustBeAllowed(context, { action: 'subscribe', channel, user, data, token });
  // Not within a time of our own: a topic that came after it would be held for ever.
  const topic = await hub.acquire(channel);
  let isListening = false;
  try {
    const missed =
      command.from === undefined
        ? undefined
        : await readMissed(topic, context.log, command.from, { bytes: limits.recoveryBytes, deadlineMs: limits.logMs });
    if (session.connection.isOver()) return;
    // What came between the last look and now is in neither: the client asks again.
    if (missed !== undefined && !isAt(topic, missed)) throw new Refusal(ERRORS.internal);
    if (command.from !== undefined) context.counts[missed === undefined ? 'unrecovered' : 'recovered'] += 1;
    if (command.from !== undefined && missed === undefined && command.mustRecover)
      throw new Refusal(ERRORS.unrecoverablePosition);
    // From here to the end nothing waits: what comes next for the channel comes behind this answer.
    session.connection.reply(subscribed(command, topic, missed));
    listen(context, session, user, topic);
    isListening = true;
  } finally {
    if (!isListening) hub.release(channel);
  }
}

function isAt(topic: Topic, { offset, epoch }: Missed): boolean {
  const place = topic.position();
  return place.offset === offset && place.epoch === epoch;
}

function subscribed({ id, from }: SubscribeCommand, topic: Topic, missed: Missed | undefined): string {
  const { epoch, offset } = topic.position();
  const common = `{"id":${id},"subscribe":{"recoverable":true,"positioned":true,"epoch":${JSON.stringify(epoch)}`;
  if (from === undefined) return `${common},"offset":${offset}}}`;
  if (missed === undefined) return `${common},"offset":${offset},"was_recovering":true}}`;
  // The place recovered from: each publication moves the client's place by itself.
  return `${common},"offset":${from.offset},"was_recovering":true,"recovered":true,"publications":[${missed.publications.join()}]}}`;
}

function listen(context: SessionContext, session: ClientSession, user: ChannelUser, topic: Topic): void {
  const { connection, subscriptions, clientId } = session;
  const info = user.info === undefined ? undefined : JSON.stringify(user.info);
  const entry = { channel: topic.name, client: clientId, user: user.id, info };
  const subscription = {
    topic,
    presence: context.presence === undefined ? undefined : entry,
    deliver: (frame: Buffer) => connection.deliver(frame),
    interrupt(channel: string) {
      dropSubscription(context, session, channel);
      connection.reply(JSON.stringify({ push: { channel, unsubscribe: UNSUBSCRIBES.insufficientState } }));
    },
  };
  subscriptions.set(topic.name, subscription);
  topic.listen(subscription);
  context.counts.subscriptions += 1;
  context.presence?.enter(entry);
}

async function publish(
  context: SessionContext,
  session: ClientSession,
  user: ChannelUser,
  command: Of<'publish'>,
): Promise<void> {
  const { channel, data } = command;
  checkName(context, channel);
  await mustBeAllowed(context, { action: 'publish', channel, user, data, token: undefined });
  const stored = context.queue.add({ channel, body: bodyOf(session, user, data) });
  if (stored === undefined) throw new Refusal(ERRORS.tooManyRequests);
  // The next command need not wait: the queue keeps the order.
  void stored.then(
    () => session.connection.reply(`{"id":${command.id},"publish":{}}`),
    (error: unknown) => refuse(context, session, command, error),
  );
}

async function presence(
  context: SessionContext,
  session: ClientSession,
  user: ChannelUser,
  { id, kind, channel }: Of<'presence' | 'presence_stats'>,
): Promise<void> {
  checkName(context, channel);
  if (context.presence === undefined) throw new Refusal(ERRORS.notAvailable);
  await mustBeAllowed(context, { action: 'presence', channel, user, data: undefined, token: undefined });
  const entries = await inTime(context.presence.list(channel), context.limits.logMs);
  if (kind === 'presence_stats') {
    const stats = { num_clients: entries.length, num_users: new Set(entries.map((entry) => entry.user)).size };
    return session.connection.reply(JSON.stringify({ id, presence_stats: stats }));
  }
  const clients = entries.map(({ client, user: name, info }) => [
    client,
    { client, user: name, ...(info === undefined ? {} : { conn_info: JSON.parse(info) as Json }) },
  ]);
  session.connection.reply(JSON.stringify({ id, presence: { presence: Object.fromEntries(clients) } }));
}

/** Most publications in one answer. */
const HISTORY = 1000;

async function history(
  context: SessionContext,
  session: ClientSession,
  user: ChannelUser,
  { id, channel, limit, isReverse, since }: HistoryCommand,
): Promise<void> {
  const { log, limits } = context;
  checkName(context, channel);
  await mustBeAllowed(context, { action: 'history', channel, user, data: undefined, token: undefined });
  const question = { since: since?.offset ?? 0, limit: Math.min(limit, HISTORY), isReverse };
  const { epoch, offset, records } =
    limit === 0
      ? { ...(await inTime(log.position(channel), limits.logMs)), records: [] }
      : await inTime(log.read(channel, question), limits.logMs);
  if (since !== undefined && since.epoch !== '' && since.epoch !== epoch)
    throw new Refusal(ERRORS.unrecoverablePosition);
  const told = firstOf(records.map(publicationOf), limits.recoveryBytes).join();
  session.connection.reply(
    `{"id":${id},"history":{"epoch":${JSON.stringify(epoch)},"offset":${offset},"publications":[${told}]}}`,
  );
}

/** As many as fit; at least one, so that whoever asks on from the last one gets on. */
function firstOf(texts: readonly string[], bytes: number): readonly string[] {
  let sum = 0;
  const end = texts.findIndex((text, index) => (sum += Buffer.byteLength(text)) > bytes && index > 0);
  return end === -1 ? texts : texts.slice(0, end);
}

async function rpc(
  context: SessionContext,
  session: ClientSession,
  user: ChannelUser,
  { id, method, data }: Of<'rpc'>,
): Promise<void> {
  if (method === OUTBOX_METHOD) {
    const result = await answerOutbox(context, session, user, data);
    return session.connection.reply(`{"id":${id},"rpc":{"data":${JSON.stringify(result)}}}`);
  }
  if (context.options.rpc === undefined) throw new Refusal(ERRORS.methodNotFound);
  const result = await context.options.rpc(method, data, user);
  session.connection.reply(`{"id":${id},"rpc":{"data":${result === undefined ? 'null' : jsonText(result)}}}`);
}
