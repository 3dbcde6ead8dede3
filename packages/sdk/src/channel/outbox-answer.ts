import { type ClientSession, Refusal } from './client-session.ts';
import { bodyOf, checkName, mustBeAllowed } from './client-wish.ts';
import { ERRORS } from './codes.ts';
import type { Json, LogPlace } from './log-types.ts';
import type { SessionContext } from './session-context.ts';
import type { ChannelUser } from './types.ts';

/** The `rpc` method by which a client's outbox is emptied. */
export const OUTBOX_METHOD = 'belay.outbox';
/** Messages in one call. */
export const OUTBOX_BATCH = 100;

/** What the server has done with a call of an outbox. */
export interface OutboxResult {
  /** All of the call up to this number is done with: stored, or in `rejected`. */
  readonly ackThrough: number;
  readonly rejected: readonly { readonly seq: number; readonly code: number; readonly message: string }[];
}

interface OutboxMessage {
  readonly seq: number;
  readonly channel: string;
  readonly data: Json;
}

/**
 * Stores messages of an outbox in the order of their numbers. A number that was stored before, by this connection or one
 * that is gone, is not stored again: the log keeps the highest of each session.
 */
export async function answerOutbox(
  context: SessionContext,
  session: ClientSession,
  user: ChannelUser,
  data: Json | undefined,
): Promise<OutboxResult> {
  const call = readCall(data);
  const rejected: { seq: number; code: number; message: string }[] = [];
  const allowed: OutboxMessage[] = [];
  for (const message of call.messages) {
    try {
      const { channel } = message;
      checkName(context, channel);
      await mustBeAllowed(context, { action: 'publish', channel, user, data: message.data, token: undefined });
      allowed.push(message);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      rejected.push({ seq: message.seq, code: error.error.code, message: error.error.message });
    }
  }
  const id = JSON.stringify([user.id, call.session]);
  const stored: Promise<LogPlace>[] = [];
  let through = call.messages.at(-1)?.seq ?? 0;
  for (const { seq, channel, data: body } of allowed) {
    const place = context.queue.add({ channel, body: bodyOf(session, user, body), session: { id, seq } });
    if (place === undefined) {
      // Full: the client keeps this one and those behind it.
      through = seq - 1;
      break;
    }
    stored.push(place);
  }
  await Promise.all(stored);
  if (stored.length === 0 && through < (call.messages[0]?.seq ?? 0)) throw new Refusal(ERRORS.tooManyRequests);
  return { ackThrough: through, rejected: rejected.filter(({ seq }) => seq <= through) };
}

function readCall(data: Json | undefined): { session: string; messages: readonly OutboxMessage[] } {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) throw bad('data is not an object');
  const { session, messages } = data as Readonly<Record<string, Json | undefined>>;
  if (typeof session !== 'string' || !/^[\w-]{1,64}$/.test(session))
    throw bad('session is not 1 to 64 letters, digits, _ and -');
  if (!Array.isArray(messages) || messages.length === 0 || messages.length > OUTBOX_BATCH)
    throw bad(`messages is not a list of 1 to ${OUTBOX_BATCH}`);
  let before = 0;
  const read = messages.map((message: Json, index): OutboxMessage => {
    const { seq, channel, data: body } = (message ?? {}) as Readonly<Record<string, Json | undefined>>;
    if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq <= before)
      throw bad(`messages[${index}].seq is not a whole number above the one before`);
    if (typeof channel !== 'string') throw bad(`messages[${index}].channel is not a text`);
    if (body === undefined) throw bad(`messages[${index}].data is missing`);
    before = seq;
    return { seq, channel, data: body };
  });
  return { session, messages: read };
}

function bad(message: string): Refusal {
  return new Refusal(ERRORS.badRequest, message);
}
