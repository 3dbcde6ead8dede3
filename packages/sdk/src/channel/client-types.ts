import type { Json } from './log-types.ts';

/** A message that waits to be acknowledged. */
export interface OutboxItem {
  readonly seq: number;
  readonly channel: string;
  readonly data: Json;
  /** Unix ms at which it was given to the outbox. */
  readonly at: number;
}

/** Where an outbox is kept, so that what waits survives a restart of the page or process. */
export interface OutboxStore {
  /** What was kept; called once, at the start. */
  load(): Promise<
    { readonly session: string; readonly nextSeq: number; readonly items: readonly OutboxItem[] } | undefined
  >;
  /** Names the session, once, where `load` found none. */
  begin(session: string): Promise<void>;
  /** Keeps messages; resolves when they are safe. */
  add(items: readonly OutboxItem[]): Promise<void>;
  /** Forgets messages. */
  remove(seqs: readonly number[]): Promise<void>;
  close(): Promise<void>;
}

/** Why a message will not be stored. */
export type LostReason = 'too-old' | 'overflow' | 'refused';

/** A message that was given up, and why. */
export interface LostMessage {
  readonly item: OutboxItem;
  readonly reason: LostReason;
  /** What the server said, where it refused the message. */
  readonly error?: { readonly code: number; readonly message: string };
}

/** What is needed of a `Centrifuge` client. */
export interface ConnectedClient {
  ready(timeout?: number): Promise<void>;
  rpc(method: string, data: unknown): Promise<{ readonly data: unknown }>;
}

/** Settings of {@link openOutbox}. */
export interface OutboxOptions {
  /** Your `Centrifuge` instance. */
  readonly client: ConnectedClient;
  /** `openFileOutboxStore` in Node, `openBrowserOutboxStore` in browsers; without one what waits ends with the process. */
  readonly store?: OutboxStore;
  /** Most messages that wait: 1 000. */
  readonly maximumMessages?: number;
  /** Most bytes that wait, as JSON: 5 000 000. */
  readonly maximumBytes?: number;
  /** Milliseconds after which a message is given up: 24 hours. */
  readonly maximumAgeMs?: number;
  /** With a full outbox: `reject` (default) refuses the new message, `drop-oldest` gives up the oldest. */
  readonly overflow?: 'reject' | 'drop-oldest';
  /** Is told of every message that was given up. */
  readonly onLost?: (lost: LostMessage) => void;
}

/** What goes out of this client, in order, each message once. */
export interface Outbox {
  /**
   * Takes a message. `kept` resolves when it is safe in the outbox, `stored` when the server has stored it; either rejects
   * with an {@link OutboxError} where that will not happen. Nobody has to listen to `stored`.
   */
  send(channel: string, data: Json): { readonly kept: Promise<void>; readonly stored: Promise<void> };
  /** Messages and bytes that wait, and messages that were given up since the start. */
  status(): { readonly waiting: number; readonly bytes: number; readonly lost: number };
  /** Stops sending; what waits stays in the store. */
  close(): Promise<void>;
}

/** Why a message was not taken or not stored. */
export class OutboxError extends Error {
  readonly code: 'outbox-full' | 'outbox-closed' | 'outbox-store' | LostReason;
  constructor(code: OutboxError['code'], message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'OutboxError';
    this.code = code;
  }
}
