import type { Json } from './log-types.ts';

/** A command of a client, read and checked. */
export type Command =
  | { readonly kind: 'pong' }
  | { readonly kind: 'connect'; readonly id: number; readonly token: string; readonly data: Json | undefined }
  | SubscribeCommand
  | { readonly kind: 'unsubscribe'; readonly id: number; readonly channel: string }
  | { readonly kind: 'publish'; readonly id: number; readonly channel: string; readonly data: Json }
  | { readonly kind: 'presence' | 'presence_stats'; readonly id: number; readonly channel: string }
  | HistoryCommand
  | { readonly kind: 'rpc'; readonly id: number; readonly method: string; readonly data: Json | undefined }
  | { readonly kind: 'refresh'; readonly id: number; readonly token: string }
  | { readonly kind: 'unknown'; readonly id: number };

/** A wish to listen, perhaps from where one had stopped. */
export interface SubscribeCommand {
  readonly kind: 'subscribe';
  readonly id: number;
  readonly channel: string;
  readonly token: string | undefined;
  readonly data: Json | undefined;
  /** The last message the client has; undefined where it does not ask for what it missed. */
  readonly from: { readonly offset: number; readonly epoch: string } | undefined;
  /** Whether the client would rather have an error than a subscription that starts anew. */
  readonly mustRecover: boolean;
}

/** A wish to read what was said. */
export interface HistoryCommand {
  readonly kind: 'history';
  readonly id: number;
  readonly channel: string;
  readonly limit: number;
  readonly isReverse: boolean;
  readonly since: { readonly offset: number; readonly epoch: string } | undefined;
}

/** Why a line is no command. */
export class BadCommand extends Error {}

/** Commands of one WebSocket message, a line each. @throws BadCommand with the field that is wrong. */
export function readCommands(text: string): Command[] {
  const commands: Command[] = [];
  for (const line of text.split('\n')) {
    if (line.trim() !== '') commands.push(readCommand(line));
  }
  return commands;
}

const REJECT_UNRECOVERED = 2;

function readCommand(line: string): Command {
  const raw = objectOf(parse(line), 'command');
  const names = Object.keys(raw).filter((name) => name !== 'id');
  if (names.length === 0 && raw['id'] === undefined) return { kind: 'pong' };
  const name = names[0] ?? '';
  // A message without an answer; nothing here listens to those.
  if (name === 'send') return { kind: 'unknown', id: 0 };
  const id = wholeOf(raw['id'], 'id');
  if (id === 0) throw new BadCommand('id is missing');
  if (names.length !== 1) throw new BadCommand('a command has one method');
  const fields = objectOf(raw[name], name);
  const read = Object.hasOwn(readers, name) ? readers[name] : undefined;
  return read === undefined ? { kind: 'unknown', id } : read(id, fields);
}

type Fields = Readonly<Record<string, Json | undefined>>;

const readers: Readonly<Record<string, (id: number, fields: Fields) => Command>> = {
  connect: (id, { token, data }) => ({ kind: 'connect', id, token: textOf(token, 'token'), data }),
  subscribe: (id, fields) => ({
    kind: 'subscribe',
    id,
    channel: textOf(fields['channel'], 'channel'),
    token: fields['token'] === undefined ? undefined : textOf(fields['token'], 'token'),
    data: fields['data'],
    from: fields['recover'] === true ? positionOf(fields) : undefined,
    mustRecover: (wholeOf(fields['flag'], 'flag') & REJECT_UNRECOVERED) !== 0,
  }),
  unsubscribe: (id, { channel }) => ({ kind: 'unsubscribe', id, channel: textOf(channel, 'channel') }),
  publish: (id, { channel, data, type }) => {
    if (data === undefined) throw new BadCommand('data is missing');
    // Map channels of Centrifugo are another thing than a log.
    if (type !== undefined) return { kind: 'unknown', id };
    return { kind: 'publish', id, channel: textOf(channel, 'channel'), data };
  },
  presence: (id, { channel }) => ({ kind: 'presence', id, channel: textOf(channel, 'channel') }),
  presence_stats: (id, { channel }) => ({ kind: 'presence_stats', id, channel: textOf(channel, 'channel') }),
  history: (id, { channel, limit, reverse, since }) => ({
    kind: 'history',
    id,
    channel: textOf(channel, 'channel'),
    limit: wholeOf(limit, 'limit'),
    isReverse: reverse === true,
    since: since === undefined ? undefined : positionOf(objectOf(since, 'since')),
  }),
  rpc: (id, { method, data }) => ({ kind: 'rpc', id, method: textOf(method, 'method'), data }),
  refresh: (id, { token }) => ({ kind: 'refresh', id, token: textOf(token, 'token') }),
};

function positionOf(fields: Fields): { offset: number; epoch: string } {
  return { offset: wholeOf(fields['offset'], 'offset'), epoch: textOf(fields['epoch'], 'epoch') };
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new BadCommand('not JSON');
  }
}

function objectOf(value: unknown, name: string): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new BadCommand(`${name} is not an object`);
}

/** Texts and numbers may be left out, as protobuf's JSON does with empty ones. */
function textOf(value: unknown, name: string): string {
  if (value === undefined) return '';
  if (typeof value === 'string') return value;
  throw new BadCommand(`${name} is not a text`);
}

function wholeOf(value: unknown, name: string): number {
  if (value === undefined) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw new BadCommand(`${name} is not a whole number from 0 on`);
}
