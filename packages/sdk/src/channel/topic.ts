import { buildTextFrame } from './frame.ts';
import type { ChannelLog, LogPosition, LogRecord } from './log-types.ts';

/** One who listens to a channel. Frames come in order, none left out, none twice. */
export interface Listener {
  /** Sends what is in a frame built for all; `count` messages. */
  deliver(frame: Buffer, count: number): void;
  /** The channel cannot go on for this listener: it has to come back and learn what it missed. */
  interrupt(channel: string): void;
}

/** A channel as one process serves it: everybody who listens here has everything up to the same place. */
export interface Topic {
  readonly name: string;
  /** Everything up to here has been sent to all listeners. */
  position(): LogPosition;
  /** Sends records that were stored just now; those that lie further ahead wait for the gap to be read. */
  offer(epoch: string, records: readonly LogRecord[]): void;
  /** Reads what others stored. */
  catchUp(): Promise<void>;
  listen(listener: Listener): void;
  leave(listener: Listener): void;
  listeners(): number;
}

/** What topics share. */
export interface TopicParts {
  readonly log: ChannelLog;
  readonly onDelivered: (count: number) => void;
  readonly warn: (message: string) => void;
}

/** Records read from the log at a time. */
export const PAGE = 1000;
/** Characters in one frame; a longer one would keep a slow client from its heartbeat. */
const FRAME_CHARACTERS = 256 * 1024;

/** Opens a channel at its newest place. */
export async function openTopic(name: string, parts: TopicParts): Promise<Topic> {
  const { log, onDelivered, warn } = parts;
  let { epoch, offset } = await log.position(name);
  const listeners = new Set<Listener>();
  const deliver = (records: readonly LogRecord[]): void => {
    const last = records.at(-1);
    if (last === undefined) return;
    offset = last.offset;
    for (const { text, count } of pushes(name, records)) {
      if (listeners.size === 0) return;
      const frame = buildTextFrame(text);
      onDelivered(count * listeners.size);
      for (const listener of listeners) listener.deliver(frame, count);
    }
  };
  const startAnew = (position: LogPosition): void => {
    ({ epoch, offset } = position);
    for (const listener of listeners) listener.interrupt(name);
  };
  const readOn = async (): Promise<void> => {
    for (;;) {
      const stretch = await log.read(name, { since: offset, limit: PAGE });
      if (stretch.epoch !== epoch || stretch.isGap) startAnew(stretch);
      // Others may have been faster while this was read.
      else deliver(stretch.records.filter((record) => record.offset > offset));
      if (stretch.records.length < PAGE) return;
    }
  };
  const catchUp = repeating(async () => {
    try {
      await readOn();
    } catch (error) {
      warn(`channel ${name} could not be read: ${error instanceof Error ? error.message : String(error)}`);
    }
  });
  return {
    name,
    position: () => ({ epoch, offset }),
    offer(storedIn, records) {
      const isKnown = storedIn === epoch;
      // Another process's call may have made us read our own records already.
      const fresh =
        isKnown && (records[0]?.offset ?? 0) <= offset ? records.filter((one) => one.offset > offset) : records;
      const first = fresh[0];
      if (first === undefined) return;
      if (isKnown && first.offset === offset + 1) deliver(fresh);
      else void catchUp();
    },
    catchUp,
    listen: (listener) => void listeners.add(listener),
    leave: (listener) => void listeners.delete(listener),
    listeners: () => listeners.size,
  };
}

/** Work that is done once at a time, and once more where it was called for meanwhile: no call is lost. */
function repeating(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let isCalled = false;
  const run = async (): Promise<void> => {
    // The caller has to hold the promise before this can be over.
    await Promise.resolve();
    while (isCalled) {
      isCalled = false;
      await work();
    }
    running = undefined;
  };
  return () => {
    isCalled = true;
    running ??= run();
    return running;
  };
}

/** Pushes of one channel, several a frame. */
function* pushes(name: string, records: readonly LogRecord[]): Generator<{ text: string; count: number }> {
  const head = `{"push":{"channel":${JSON.stringify(name)},"pub":`;
  let text = '';
  let count = 0;
  for (const record of records) {
    text += `${text === '' ? '' : '\n'}${head}${publicationOf(record)}}}`;
    count += 1;
    if (text.length < FRAME_CHARACTERS) continue;
    yield { text, count };
    text = '';
    count = 0;
  }
  if (count > 0) yield { text, count };
}

/** A publication as clients read it: the stored object with its place. */
export function publicationOf({ offset, body }: LogRecord): string {
  return `{"offset":${offset},${body.slice(1)}`;
}
