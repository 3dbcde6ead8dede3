import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { type CommandError, DISCONNECTS, ERRORS } from './codes.ts';
import { BadCommand, type Command, readCommands } from './command.ts';
import type { Connection } from './connection.ts';
import type { PresenceEntry } from './log-types.ts';
import { createRateLimit } from './rate-limit.ts';
import type { SessionContext } from './session-context.ts';
import type { Listener, Topic } from './topic.ts';
import { type ChannelUser, ChannelRpcError } from './types.ts';

/** One client as the server knows it from its first command on. */
export interface ClientSession {
  readonly clientId: string;
  readonly connection: Connection;
  /** Undefined until the client has said who it is. */
  user: ChannelUser | undefined;
  readonly subscriptions: Map<string, Subscription>;
  /** The request that opened the connection, for as long as somebody may ask about it: it takes some memory. */
  request: IncomingMessage | undefined;
  /** Reads one WebSocket message. */
  receive(text: string): void;
  /** Lets go of everything. */
  leave(): void;
}

/** A channel that a client listens to. */
export interface Subscription extends Listener {
  readonly topic: Topic;
  readonly presence: PresenceEntry | undefined;
}

/** Answers one kind of command. Throws {@link Refusal} for what the client is told. */
export type Answer = (session: ClientSession, command: Command) => Promise<void> | void;

/** A command that is answered with an error. */
export class Refusal extends Error {
  readonly error: CommandError;
  constructor(error: CommandError, message?: string) {
    super(message ?? error.message);
    this.error = message === undefined ? error : { ...error, message };
  }
}

/** Refused commands in a row that end a connection. */
const PATIENCE = 1000;

/** Takes a client's commands one after another; `answer` does what they ask. */
export function createClientSession(
  context: SessionContext,
  { connection, request }: { readonly connection: Connection; readonly request: IncomingMessage },
  answer: Answer,
): ClientSession {
  const { limits } = context;
  const waiting: Command[] = [];
  const rate = createRateLimit(limits.commandsPerSecond, context.monotonic);
  let isBusy = false;
  let refusedInARow = 0;
  const take = async (command: Command): Promise<void> => {
    try {
      if (!rate.take()) throw new Refusal(ERRORS.tooManyRequests);
      const answered = answer(session, command);
      if (answered !== undefined) await answered;
      refusedInARow = 0;
    } catch (error) {
      refusedInARow += 1;
      refuse(context, session, command, error);
      if (refusedInARow > PATIENCE) connection.end(DISCONNECTS.tooManyRequests);
    }
  };
  const run = async (): Promise<void> => {
    isBusy = true;
    for (let command = waiting.shift(); command !== undefined; command = waiting.shift()) {
      if (connection.isOver()) break;
      // Who does not read the answers gets no more of them made: each may be large.
      const caughtUp = connection.caughtUp();
      if (caughtUp !== undefined) await caughtUp;
      if (connection.isOver()) break;
      await take(command);
      if (waiting.length < limits.waitingCommands) connection.resume();
    }
    isBusy = false;
  };
  const session: ClientSession = {
    clientId: randomUUID(),
    connection,
    user: undefined,
    subscriptions: new Map(),
    request,
    receive(text) {
      connection.alive();
      try {
        for (const command of readCommands(text)) if (command.kind !== 'pong') waiting.push(command);
      } catch (error) {
        context.warn(
          `a client sent what is no command: ${error instanceof BadCommand ? error.message : String(error)}`,
        );
        return connection.end(DISCONNECTS.badRequest);
      }
      if (waiting.length >= limits.waitingCommands) connection.pause();
      if (!isBusy && waiting.length > 0) void run();
    },
    leave() {
      for (const channel of session.subscriptions.keys()) dropSubscription(context, session, channel);
      waiting.length = 0;
    },
  };
  return session;
}

/** Ends a subscription. Returns whether there was one. */
export function dropSubscription(context: SessionContext, session: ClientSession, channel: string): boolean {
  const subscription = session.subscriptions.get(channel);
  if (subscription === undefined) return false;
  session.subscriptions.delete(channel);
  subscription.topic.leave(subscription);
  context.hub.release(channel);
  context.counts.subscriptions -= 1;
  if (subscription.presence !== undefined) context.presence?.leave(subscription.presence);
  return true;
}

/** Answers a command with the reason why not. */
export function refuse(context: SessionContext, { connection }: ClientSession, command: Command, error: unknown): void {
  context.counts.refused += 1;
  const told = errorOf(error);
  if (told.code === ERRORS.internal.code) {
    context.warn(`a command "${command.kind}" failed: ${error instanceof Error ? error.message : String(error)}`);
  }
  if ('id' in command && command.id > 0) connection.reply(JSON.stringify({ id: command.id, error: told }));
}

function errorOf(error: unknown): CommandError {
  if (error instanceof Refusal) return error.error;
  // By name: an application may have another copy of this package.
  if (error instanceof ChannelRpcError || (error instanceof Error && error.name === 'ChannelRpcError')) {
    const code = 'code' in error && typeof error.code === 'number' ? error.code : ERRORS.internal.code;
    return { code, message: error.message.slice(0, 1000) };
  }
  return ERRORS.internal;
}
