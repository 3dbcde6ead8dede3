/** Anything that JSON can say. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json | undefined };

/** A message to be stored. */
export interface LogEntry {
  readonly channel: string;
  /** The publication as JSON text of an object, without its offset. */
  readonly body: string;
  /** A second message of this key in the channel's window is not stored. */
  readonly key?: string | undefined;
  /** The sender's outbox and the message's number in it: numbers that are not above the highest stored are not stored. */
  readonly session?: { readonly id: string; readonly seq: number } | undefined;
}

/** Where a message stands. */
export interface LogPlace {
  readonly epoch: string;
  /** From 1; 0 where the session's number was stored before. */
  readonly offset: number;
  readonly isDuplicate: boolean;
}

/** A message that is stored. */
export interface LogRecord {
  readonly offset: number;
  readonly body: string;
}

/** The newest place of a channel; offset 0 where nothing was ever stored. */
export interface LogPosition {
  readonly epoch: string;
  readonly offset: number;
}

/** A stretch of a channel's log. */
export interface LogStretch extends LogPosition {
  /**
   * Records in the order that was asked for. Going forward they begin right behind `since`; where that is no longer kept
   * `isGap` is true and they begin with the oldest.
   */
  readonly records: readonly LogRecord[];
  readonly isGap: boolean;
}

/** Which stretch is wanted. */
export interface LogQuestion {
  /** Records behind this offset (before it, where `isReverse`; 0 then means from the newest). */
  readonly since: number;
  /** Most records. */
  readonly limit: number;
  readonly isReverse?: boolean;
}

/** How much is kept of a channel: what is beyond either bound goes. */
export interface LogWindow {
  /** Default 10 000. */
  readonly messages?: number;
  /** Milliseconds; default 24 hours. */
  readonly ms?: number;
}

/** One who is in a channel. */
export interface PresenceEntry {
  readonly channel: string;
  readonly client: string;
  readonly user: string;
  /** JSON text. */
  readonly info?: string | undefined;
}

/** Who is where, by leases that end by themselves. */
export interface PresenceStore {
  /** Enters or renews; each lease ends `leaseMs` from now. */
  renew(entries: readonly PresenceEntry[], leaseMs: number): Promise<void>;
  leave(entries: readonly PresenceEntry[]): Promise<void>;
  list(channel: string): Promise<readonly PresenceEntry[]>;
}

/** Messages of all channels, in order. One interface, several engines, one contract suite. */
export interface ChannelLog {
  /**
   * Stores messages in this order; resolves when they are safe. All or, where it rejects, possibly some: who asks again
   * with the same keys or numbers stores none twice.
   */
  append(entries: readonly LogEntry[]): Promise<readonly LogPlace[]>;
  position(channel: string): Promise<LogPosition>;
  read(channel: string, question: LogQuestion): Promise<LogStretch>;
  /** The highest number of a session that is stored; 0 for none. */
  acknowledged(session: string): Promise<number>;
  /** Calls back when another process may have stored something in a channel; undefined: in any. Returns how to stop. */
  watch(listener: (channel: string | undefined) => void): () => void;
  /** Removes what is beyond the window. Called by the server now and then. */
  trim(): Promise<void>;
  /** Shared presence, where several processes share the log. */
  readonly presence?: PresenceStore;
  close(): Promise<void>;
}

/** A log's own failure, with what to do about it. */
export class ChannelLogError extends Error {
  readonly code: string;
  readonly hint: string;
  constructor(code: string, message: string, hint: string, cause?: unknown) {
    super(`${message}; ${hint}`, { cause });
    this.name = 'ChannelLogError';
    this.code = code;
    this.hint = hint;
  }
}

/** A window with its defaults. @throws RangeError for bounds that are no positive whole numbers. */
export function readWindow({ messages = 10_000, ms = 86_400_000 }: LogWindow = {}): Required<LogWindow> {
  for (const [name, value] of Object.entries({ messages, ms })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new RangeError(`window.${name} is ${value}; give a whole number above 0.`);
  }
  return { messages, ms };
}
