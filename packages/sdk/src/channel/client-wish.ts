import { type ClientSession, Refusal } from './client-session.ts';
import { ERRORS } from './codes.ts';
import type { Json } from './log-types.ts';
import type { SessionContext } from './session-context.ts';
import type { ChannelUser, ChannelWish } from './types.ts';

const UNPRINTABLE = /\p{Cc}/u;

/** @throws Refusal for a name that is empty, very long, or cannot be printed. */
export function checkName({ limits }: SessionContext, channel: string): void {
  if (channel === '') throw new Refusal(ERRORS.badRequest, 'channel is missing');
  // Some engines cannot keep them, and one such name would spoil the batch of others.
  if (UNPRINTABLE.test(channel) || !channel.isWellFormed())
    throw new Refusal(ERRORS.badRequest, 'channel has characters that cannot be printed');
  if (channel.length <= limits.channelNameLength) return;
  throw new Refusal(ERRORS.badRequest, `channel is longer than ${limits.channelNameLength} characters`);
}

/** @throws Refusal where the application says no. */
export async function mustBeAllowed({ options }: SessionContext, wish: ChannelWish): Promise<void> {
  const verdict = options.authorize(wish);
  if (typeof verdict === 'boolean' ? verdict : await verdict) return;
  throw new Refusal(ERRORS.permissionDenied);
}

/** A publication of a client, with who it is from. */
export function bodyOf({ clientId }: ClientSession, user: ChannelUser, data: Json): string {
  const info = user.info === undefined ? '' : `,"conn_info":${JSON.stringify(user.info)}`;
  return `{"data":${jsonText(data)},"info":{"user":${JSON.stringify(user.id)},"client":"${clientId}"${info}}}`;
}

/** The text of a JSON value. @throws Refusal for one that is nested too deeply to be written. */
export function jsonText(value: Json): string {
  try {
    return JSON.stringify(value);
  } catch {
    throw new Refusal(ERRORS.badRequest, 'data is nested too deeply');
  }
}
