import { type Backoff, createBackoff } from './backoff.ts';
import type { Clock } from './clock.ts';
import type { DropCounter } from './drop-counter.ts';
import { createEventStreamParser } from './event-stream-parser.ts';
import { type FlagState, type LeaseGrant, decodeLease, decodeSnapshot, parseJson } from './snapshot-decoder.ts';
import type { Transport } from './transport.ts';

/** Keeps a process supplied with flags: by stream, and by poll where the stream does not deliver. */
export interface SnapshotFeed {
  /** Starts; returns at once. */
  start(): void;
  close(): void;
  readonly isConnected: boolean;
}

/** What a feed needs and whom it tells. All times are monotonic milliseconds. */
export interface SnapshotFeedParts {
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: () => number;
  readonly drops: DropCounter;
  readonly asker: { readonly service: string; readonly instance: string; readonly sdkVersion: string };
  readonly heartbeatMs: number;
  readonly maximumBytes: number;
  /** The shortest lease of a running rollout, which a poll must renew in time; undefined without one. */
  readonly shortestLeaseMs: () => number | undefined;
  readonly onSnapshot: (state: FlagState, receivedAt: number) => void;
  readonly onLease: (grant: LeaseGrant, receivedAt: number) => void;
  readonly onConnected: () => void;
  readonly onDisconnected: (reason: string) => void;
  readonly warn: (message: string) => void;
}

const connectMs = 10_000;
const pollDeadlineMs = 5000;
const longestWaitMs = 30_000;

/** A stream that held this long was a good one: the next failure starts the waits anew. */
const goodStreamMs = 5000;

/** A feed that has not started. */
export function createSnapshotFeed(parts: SnapshotFeedParts): SnapshotFeed {
  const { clock, warn } = parts;
  const longestMs = (): number => Math.max(1000, Math.min(longestWaitMs, (parts.shortestLeaseMs() ?? Infinity) / 3));
  const backoff = createBackoff({ firstMs: 500, longestMs, random: parts.random });
  const inbox = createInbox(parts);
  const life: Life = { isClosed: false, isConnected: false, closeStream: undefined, wake: undefined };
  const poll = createPoll(parts, inbox);

  const run = async (): Promise<void> => {
    while (!life.isClosed) {
      const openedAt = clock.monotonic();
      const { reason, hasDelivered } = await followStream(parts, inbox, life);
      if (life.isClosed) return;
      if (hasDelivered) parts.onDisconnected(reason);
      else warn(`the flag stream is not open: ${reason}`);
      if (hasDelivered && clock.monotonic() - openedAt >= goodStreamMs) backoff.reset();
      // A stream that ended may come back at once; one that never delivered may not be possible here.
      else await poll();
      await pause(backoff, life);
    }
  };
  return {
    start: () => void run(),
    close() {
      life.isClosed = true;
      life.closeStream?.('closed');
      life.wake?.();
      inbox.close();
    },
    get isConnected() {
      return life.isConnected;
    },
  };
}

interface Life {
  isClosed: boolean;
  isConnected: boolean;
  closeStream: ((reason: string) => void) | undefined;
  wake: (() => void) | undefined;
}

interface StreamResult {
  readonly reason: string;
  readonly hasDelivered: boolean;
}

function followStream(parts: SnapshotFeedParts, inbox: Inbox, life: Life): Promise<StreamResult> {
  return new Promise((resolve) => {
    const silenceMs = 3 * parts.heartbeatMs;
    const silence = setTimeout(() => close(`nothing came for ${silenceMs} ms`), silenceMs);
    silence.unref();
    // The first snapshot follows at once on a stream that works; a proxy that holds it back is found out here.
    const first = setTimeout(() => close(`no snapshot within ${connectMs} ms`), connectMs);
    first.unref();
    let hasDelivered = false;
    const parse = createEventStreamParser(
      {
        onComment: () => void silence.refresh(),
        onEvent: ({ type, data }) => {
          silence.refresh();
          if (!inbox.take(type, data) || hasDelivered) return;
          hasDelivered = true;
          life.isConnected = true;
          clearTimeout(first);
          parts.onConnected();
        },
        onTooLarge: () => close(`an event is larger than ${parts.maximumBytes} bytes`),
      },
      parts.maximumBytes,
    );
    const close = parts.transport.open(`/api/v1/stream/flags?${askerQuery(parts)}`, connectMs, {
      onText: parse,
      onEnd: (reason) => {
        clearTimeout(silence);
        clearTimeout(first);
        life.isConnected = false;
        life.closeStream = undefined;
        resolve({ reason, hasDelivered });
      },
    });
    life.closeStream = close;
  });
}

/** Reads events, and applies snapshots no faster than this process can afford. */
interface Inbox {
  /** Whether the event was a usable one. */
  take(type: string, data: string): boolean;
  close(): void;
}

function createInbox(parts: SnapshotFeedParts): Inbox {
  const { clock, drops, warn } = parts;
  const budget = createReadingBudget(clock);
  let waiting: { readonly data: string; readonly receivedAt: number } | undefined;
  let timer: NodeJS.Timeout | undefined;
  const refuse = (fault: string): false => {
    drops.add('snapshot-invalid');
    warn(`an answer of the server was not used: ${fault}`);
    return false;
  };
  const read = (data: string, receivedAt: number): boolean => {
    const startedAt = clock.monotonic();
    const json = parseJson(data);
    const state = 'fault' in json ? json : decodeSnapshot(json.value, 'server');
    if (!('fault' in state)) parts.onSnapshot(state.value, receivedAt);
    budget.spend(clock.monotonic() - startedAt);
    return 'fault' in state ? refuse(state.fault) : true;
  };
  const readWaiting = (): void => {
    timer = undefined;
    const next = waiting;
    waiting = undefined;
    if (next !== undefined) read(next.data, next.receivedAt);
  };
  const takeSnapshot = (data: string): boolean => {
    const receivedAt = clock.monotonic();
    const waitMs = budget.waitMs();
    if (timer === undefined && waitMs === 0) return read(data, receivedAt);
    waiting = { data, receivedAt };
    timer ??= setTimeout(readWaiting, waitMs).unref();
    return true;
  };
  return {
    take(type, data) {
      if (type === 'snapshot') return takeSnapshot(data);
      if (type !== 'lease') return false;
      const json = parseJson(data);
      const grant = 'fault' in json ? json : decodeLease(json.value);
      if ('fault' in grant) return refuse(grant.fault);
      parts.onLease(grant.value, clock.monotonic());
      return true;
    },
    close: () => clearTimeout(timer),
  };
}

/**
 * A server gone mad may send snapshots without end. Reading them may take 200 ms at once and a tenth of the time for
 * long; beyond that they wait, and only the last one is read.
 */
function createReadingBudget(clock: Clock) {
  const mostMs = 200;
  const share = 0.1;
  let leftMs = mostMs;
  let countedAt = clock.monotonic();
  const refill = (): void => {
    const now = clock.monotonic();
    leftMs = Math.min(mostMs, leftMs + (now - countedAt) * share);
    countedAt = now;
  };
  return {
    spend(ms: number): void {
      refill();
      leftMs -= ms;
    },
    waitMs(): number {
      refill();
      return leftMs > 0 ? 0 : Math.ceil(-leftMs / share) + 1;
    },
  };
}

function createPoll(parts: SnapshotFeedParts, inbox: Inbox): () => Promise<void> {
  let etag: string | undefined;
  return async () => {
    // "Not modified" cannot carry a lease, so it is only asked for where none is needed.
    const mayBeUnchanged = etag !== undefined && parts.shortestLeaseMs() === undefined;
    const answer = await parts.transport.exchange({
      method: 'GET',
      path: `/api/v1/snapshot?${askerQuery(parts)}`,
      ...(mayBeUnchanged ? { headers: { 'if-none-match': etag ?? '' } } : {}),
      deadlineMs: pollDeadlineMs,
      maximumBytes: parts.maximumBytes,
    });
    if ('failure' in answer) return parts.warn(`flags cannot be polled: ${answer.failure}`);
    if (answer.status === 304) return;
    if (answer.status !== 200) {
      const hint =
        answer.status === 401 || answer.status === 403 ? '; is BELAY_KEY a token with the scope "evaluate"?' : '';
      return parts.warn(`flags cannot be polled: the server answered ${answer.status}${hint}`);
    }
    if (inbox.take('snapshot', answer.body)) etag = answer.headers.etag;
  };
}

function askerQuery({ asker }: SnapshotFeedParts): string {
  const { service, instance, sdkVersion } = asker;
  return new URLSearchParams({ service, instance, sdk: `belay-node/${sdkVersion}` }).toString();
}

function pause(backoff: Backoff, life: Life): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, backoff.next());
    timer.unref();
    life.wake = () => {
      clearTimeout(timer);
      resolve();
    };
  });
}
