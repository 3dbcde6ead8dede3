import { type LostReason, OutboxError, type OutboxItem, type OutboxOptions } from './client-types.ts';

const BATCH = 100;
/** Bytes in one call; the server takes frames of 64 KiB. */
const BATCH_BYTES = 48_000;

interface Waiting {
  readonly item: OutboxItem;
  readonly size: number;
  /** Whether it is safe in the store: only then may it be sent. */
  isKept: boolean;
  readonly resolve: () => void;
  readonly reject: (error: OutboxError) => void;
}

/** What waits in an outbox, oldest first. */
export interface Shelf {
  /** Resolves or rejects when the message is done with. */
  put(item: OutboxItem): Promise<void>;
  /** The message is safe in the store. */
  keep(seq: number): void;
  /** The message could not be kept and is not taken; returns what its sender is told. */
  refuse(seq: number, cause: unknown): OutboxError;
  /** Why a message of this size cannot be taken. */
  refusalOf(size: number): OutboxError | undefined;
  /** Gives up the oldest until there is room; their numbers. */
  makeRoom(size: number): number[];
  /** Gives up what is too old; their numbers. */
  expire(now: number): number[];
  /** What may be sent now. */
  next(): readonly OutboxItem[];
  hasNext(): boolean;
  /** Done with: everything up to a number, some of it refused. */
  settle(through: number, rejected: ReadonlyMap<number, { code: number; message: string }>): number[];
  /** Tells those who wait that this outbox will not see it happen. */
  abandon(): void;
  status(): { readonly waiting: number; readonly bytes: number; readonly lost: number };
}

/** A shelf with nothing on it. @throws RangeError for limits that are no whole numbers above 0. */
export function createShelf(options: OutboxOptions): Shelf {
  const limits = readLimits(options);
  const waiting: Waiting[] = [];
  const largest = Math.min(limits.maximumBytes, BATCH_BYTES);
  const sums = { bytes: 0, lost: 0 };
  const take = (index: number): Waiting | undefined => {
    const [taken] = waiting.splice(index, 1);
    sums.bytes -= taken?.size ?? 0;
    return taken;
  };
  const lose = (reason: LostReason, error?: { code: number; message: string }): number => {
    const taken = take(0);
    if (taken === undefined) return 0;
    sums.lost += 1;
    taken.reject(lossOf(taken.item, reason, error));
    options.onLost?.({ item: taken.item, reason, ...(error === undefined ? {} : { error }) });
    return taken.item.seq;
  };
  const hasRoom = (size: number): boolean =>
    waiting.length < limits.maximumMessages && sums.bytes + size <= limits.maximumBytes;
  const giveUp = (reason: LostReason, isTooMuch: (oldest: OutboxItem) => boolean): number[] => {
    const dropped: number[] = [];
    while (waiting[0] !== undefined && isTooMuch(waiting[0].item)) dropped.push(lose(reason));
    return dropped;
  };
  return {
    put(item) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const size = sizeOf(item);
      sums.bytes += size;
      waiting.push({ item, size, isKept: false, resolve, reject });
      return quiet(promise);
    },
    keep(seq) {
      for (const one of waiting) if (one.item.seq === seq) one.isKept = true;
    },
    refuse(seq, cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      const error = new OutboxError('outbox-store', `message ${seq} could not be kept and is not sent: ${why}`, cause);
      const index = waiting.findIndex(({ item }) => item.seq === seq);
      if (index >= 0) take(index)?.reject(error);
      return error;
    },
    refusalOf(size) {
      if (size <= largest && (hasRoom(size) || limits.overflow === 'drop-oldest')) return undefined;
      const what =
        size > largest ? `the message has ${size} bytes` : `${waiting.length} messages of ${sums.bytes} bytes wait`;
      return new OutboxError('outbox-full', `${what}; the outbox takes no more`);
    },
    makeRoom: (size) => giveUp('overflow', () => !hasRoom(size)),
    expire: (now) => giveUp('too-old', ({ at }) => now - at > limits.maximumAgeMs),
    next: () => batchOf(waiting),
    hasNext: () => waiting[0]?.isKept === true,
    settle: (through, rejected) => settle(waiting, through, { rejected, take, lose }),
    abandon() {
      for (const { reject } of waiting.splice(0)) reject(new OutboxError('outbox-closed', CLOSED));
    },
    status: () => ({ waiting: waiting.length, ...sums }),
  };
}

function settle(
  waiting: readonly Waiting[],
  through: number,
  work: {
    readonly rejected: ReadonlyMap<number, { code: number; message: string }>;
    readonly take: (index: number) => Waiting | undefined;
    readonly lose: (reason: LostReason, error: { code: number; message: string }) => number;
  },
): number[] {
  const done: number[] = [];
  while (waiting[0] !== undefined && waiting[0].item.seq <= through) {
    const { seq } = waiting[0].item;
    const error = work.rejected.get(seq);
    if (error === undefined) work.take(0)?.resolve();
    else work.lose('refused', error);
    done.push(seq);
  }
  return done;
}

const REASONS: Readonly<Record<LostReason, string>> = {
  'too-old': 'it waited too long',
  overflow: 'newer ones needed its room',
  refused: 'the server refused it',
};

function lossOf(
  { seq }: OutboxItem,
  reason: LostReason,
  error: { readonly code: number; readonly message: string } | undefined,
): OutboxError {
  const detail = error === undefined ? '' : `: ${error.message} (${error.code})`;
  return new OutboxError(reason, `message ${seq} was given up, ${REASONS[reason]}${detail}`);
}

const CLOSED = 'the outbox was closed; the message is kept and sent when it is opened again';

/** Whoever wants to know listens; nobody has to. */
export function quiet(promise: Promise<void>): Promise<void> {
  promise.catch(() => {});
  return promise;
}

function readLimits(
  options: OutboxOptions,
): Required<Pick<OutboxOptions, 'maximumMessages' | 'maximumBytes' | 'maximumAgeMs' | 'overflow'>> {
  const { maximumMessages = 1000, maximumBytes = 5_000_000, maximumAgeMs = 86_400_000, overflow = 'reject' } = options;
  for (const [name, value] of Object.entries({ maximumMessages, maximumBytes, maximumAgeMs })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new RangeError(`${name} is ${value}; give a whole number above 0.`);
  }
  return { maximumMessages, maximumBytes, maximumAgeMs, overflow };
}

function batchOf(waiting: readonly Waiting[]): readonly OutboxItem[] {
  const batch: OutboxItem[] = [];
  let bytes = 0;
  for (const { item, size, isKept } of waiting) {
    bytes += size;
    if (!isKept || batch.length === BATCH || (batch.length > 0 && bytes > BATCH_BYTES)) break;
    batch.push(item);
  }
  return batch;
}

/** Bytes that a message takes on its way, a little more at most. */
export function sizeOf({ channel, data }: Pick<OutboxItem, 'channel' | 'data'>): number {
  return new TextEncoder().encode(channel + JSON.stringify(data)).length + 50;
}
