import { type Outbox, OutboxError, type OutboxItem, type OutboxOptions, type OutboxStore } from './client-types.ts';
import { createShelf, quiet, type Shelf, sizeOf } from './outbox-shelf.ts';

const METHOD = 'belay.outbox';
const READY_MS = 30_000;
const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;

/**
 * An outbox in front of a Centrifuge client. Messages are kept, sent in order, and forgotten once the server says that it
 * stored them; one that was sent and not answered is sent again under its number, by which the server knows it.
 * @throws RangeError for limits that are no whole numbers above 0.
 */
export async function openOutbox(options: OutboxOptions): Promise<Outbox> {
  const shelf = createShelf(options);
  const store = options.store ?? memoryStore();
  const kept = await store.load();
  const session = kept?.session ?? globalThis.crypto.randomUUID();
  if (kept === undefined) await store.begin(session);
  for (const item of kept?.items ?? []) {
    void shelf.put(item);
    shelf.keep(item.seq);
  }
  let nextSeq = kept?.nextSeq ?? 1;
  const sender = createSender({ options, session, shelf, store });
  if (shelf.hasNext()) sender.wake();
  let adding: Promise<unknown> = Promise.resolve();
  const keep = async (item: OutboxItem, dropped: readonly number[]): Promise<void> => {
    try {
      await store.add([item]);
    } catch (cause) {
      // Its number would be given again after a restart, and the server would take the next message for this one.
      throw shelf.refuse(item.seq, cause);
    }
    shelf.keep(item.seq);
    sender.wake();
    if (dropped.length > 0) await store.remove(dropped).catch(() => {});
  };
  return {
    send(channel, data) {
      if (sender.isClosed()) return refused(new OutboxError('outbox-closed', 'the outbox is closed'));
      const item: OutboxItem = { seq: nextSeq, channel, data, at: Date.now() };
      const why = shelf.refusalOf(sizeOf(item));
      if (why !== undefined) return refused(why);
      nextSeq += 1;
      const dropped = shelf.makeRoom(sizeOf(item));
      const stored = shelf.put(item);
      const done = adding.then(() => keep(item, dropped));
      adding = done.catch(() => {});
      return { kept: quiet(done), stored };
    },
    status: () => shelf.status(),
    async close() {
      await adding;
      await sender.close();
      shelf.abandon();
      await store.close();
    },
  };
}

function refused(error: OutboxError): ReturnType<Outbox['send']> {
  const never = async (): Promise<void> => {
    throw error;
  };
  return { kept: quiet(never()), stored: quiet(never()) };
}

interface Sender {
  wake(): void;
  isClosed(): boolean;
  close(): Promise<void>;
}

interface SenderParts {
  readonly options: OutboxOptions;
  readonly session: string;
  readonly shelf: Shelf;
  readonly store: OutboxStore;
}

/** One call at a time, each beginning with the oldest message: a number can never overtake another. */
function createSender({ options, session, shelf, store }: SenderParts): Sender {
  const { client, maximumAgeMs = 86_400_000 } = options;
  const state = { isClosed: false, failures: 0 };
  let running: Promise<void> | undefined;
  let stopWaiting: (() => void) | undefined;
  const rest = (): Promise<void> => {
    const ceiling = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(state.failures, 10));
    state.failures += 1;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ceiling * (0.5 + Math.random() / 2));
      stopWaiting = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  };
  const sendOnce = async (): Promise<void> => {
    await client.ready(Math.min(READY_MS, maximumAgeMs));
    const messages = shelf.next().map(({ seq, channel, data }) => ({ seq, channel, data }));
    if (messages.length === 0 || state.isClosed) return;
    const { data } = await client.rpc(METHOD, { session, messages });
    const { through, rejected } = readAnswer(data);
    const done = shelf.settle(through, rejected);
    if (done.length > 0) state.failures = 0;
    else await rest();
    await store.remove(done);
  };
  const run = async (): Promise<void> => {
    while (!state.isClosed && shelf.hasNext()) {
      const old = shelf.expire(Date.now());
      try {
        if (old.length > 0) await store.remove(old);
        await sendOnce();
      } catch {
        // Not connected, or the answer did not come: the same messages are sent again under the same numbers.
        if (!state.isClosed) await rest();
      }
    }
    running = undefined;
  };
  return {
    wake() {
      if (!state.isClosed) running ??= run();
    },
    isClosed: () => state.isClosed,
    async close() {
      state.isClosed = true;
      stopWaiting?.();
      const timeUp = new Promise((resolve) => setTimeout(resolve, 1000));
      await Promise.race([running, timeUp]);
    },
  };
}

function readAnswer(data: unknown): {
  readonly through: number;
  readonly rejected: ReadonlyMap<number, { code: number; message: string }>;
} {
  const { ackThrough, rejected } = data as {
    ackThrough: number;
    rejected: readonly { seq: number; code: number; message: string }[];
  };
  return { through: ackThrough, rejected: new Map(rejected.map(({ seq, code, message }) => [seq, { code, message }])) };
}

/** Nothing that is kept. */
function memoryStore(): OutboxStore {
  return {
    load: async () => undefined,
    begin: async () => {},
    add: async () => {},
    remove: async () => {},
    close: async () => {},
  };
}
