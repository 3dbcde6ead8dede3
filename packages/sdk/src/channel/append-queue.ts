import type { ChannelLog, LogEntry, LogPlace } from './log-types.ts';

/** Messages on their way to the log: all that come in while one batch is stored are the next. */
export interface AppendQueue {
  /** Resolves when the message is stored, or rejects where it could not be. Undefined: the queue is full. */
  add(entry: LogEntry): Promise<LogPlace> | undefined;
  /** Messages that wait. */
  waiting(): number;
  /** Resolves when nothing waits. */
  drained(): Promise<void>;
}

/** What an {@link AppendQueue} needs. */
export interface AppendQueueParts {
  readonly log: ChannelLog;
  readonly maximumMessages: number;
  readonly maximumBytes: number;
  /** Called with what was stored, in order, before anybody is told that it was. */
  readonly onStored: (entries: readonly LogEntry[], places: readonly LogPlace[]) => void;
}

interface Waiting {
  readonly entry: LogEntry;
  readonly resolve: (place: LogPlace) => void;
  readonly reject: (error: unknown) => void;
}

/** Messages in one transaction; more would hold the process too long. */
const BATCH = 1000;

/** A queue in front of a log. Order is kept: one batch at a time. */
export function createAppendQueue(parts: AppendQueueParts): AppendQueue {
  let queue: Waiting[] = [];
  let bytes = 0;
  let stored = 0;
  let running: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    // What else comes in this turn of the loop shares the transaction.
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) {
      const batch = queue.slice(0, BATCH);
      queue = queue.slice(BATCH);
      stored = batch.length;
      const failure = await store(batch, parts);
      for (const { entry } of batch) bytes -= entry.body.length;
      stored = 0;
      // What came behind must not overtake: its sender will offer all of it again, in order.
      if (failure !== undefined) {
        for (const { reject } of queue) reject(failure.error);
        queue = [];
        bytes = 0;
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    running = undefined;
  };
  return {
    add(entry) {
      const isFull = queue.length >= parts.maximumMessages || bytes + entry.body.length > parts.maximumBytes;
      if (isFull) return undefined;
      bytes += entry.body.length;
      return new Promise((resolve, reject) => {
        queue.push({ entry, resolve, reject });
        running ??= run();
      });
    },
    waiting: () => queue.length + stored,
    drained: async () => running,
  };
}

async function store(
  batch: readonly Waiting[],
  { log, onStored }: AppendQueueParts,
): Promise<{ readonly error: unknown } | undefined> {
  const entries = batch.map(({ entry }) => entry);
  try {
    const places = await log.append(entries);
    onStored(entries, places);
    batch.forEach(({ resolve, reject }, index) => {
      const place = places[index];
      if (place === undefined) reject(new RangeError('the log told no place'));
      else resolve(place);
    });
    return undefined;
  } catch (error) {
    for (const { reject } of batch) reject(error);
    return { error };
  }
}
