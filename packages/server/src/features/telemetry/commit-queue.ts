import type { CommitRequest } from './table-writer.ts';
import { rowsOf } from './tables/row-set.ts';

export interface WaitingRequest extends CommitRequest {
  readonly bytes: number;
  readonly rows: number;
  readonly done: PromiseWithResolvers<void>;
}

/** Requests waiting for a commit; one commit runs at a time. */
export interface CommitQueue {
  /** The waiting or running request with this hash. */
  find(hash: bigint): WaitingRequest | undefined;
  /** Resolves when the commit that stores the request has ended. */
  add(request: CommitRequest & { readonly bytes: number }): Promise<void>;
  waitingBytes(): number;
  /** Stores what is waiting and takes nothing new. */
  drain(): Promise<void>;
}

const FLUSH_ROWS = 50_000;
/** What several exporters of one machine send at the same moment goes into one commit. */
const SHORTEST_WAIT_MS = 40;
const LONGEST_WAIT_MS = 200;
/** Waiting twice as long as commits take leaves the engine two thirds of its time for merges and questions. */
const WAIT_PER_COMMIT = 2;
/** While commits are that large, merging them costs more than storing them, and larger ones are merged less often. */
const BUSY_ROWS = 5_000;

export interface CommitQueueOptions {
  /** Stores requests, as a whole. */
  readonly commit: (requests: readonly WaitingRequest[]) => Promise<void>;
  /** Milliseconds that never run backwards. */
  readonly now: () => number;
}

/**
 * Collects requests until there are enough rows or the oldest has waited long enough, then hands them to `commit`. While
 * commits are quick an answer comes soon; when they take long, more goes into each.
 */
export function createCommitQueue({ commit, now }: CommitQueueOptions): CommitQueue {
  const byHash = new Map<bigint, WaitingRequest>();
  const queue: WaitingRequest[] = [];
  const state = { rows: 0, bytes: 0, timer: undefined as NodeJS.Timeout | undefined, draining: false };
  let last = { ms: 0, rows: 0 };
  let running: Promise<void> | undefined;

  const schedule = (): void => {
    if (running !== undefined || queue.length === 0) return;
    if (state.rows >= FLUSH_ROWS || state.draining) flush();
    else state.timer ??= setTimeout(flush, waitMs(last));
  };
  const flush = (): void => {
    clearTimeout(state.timer);
    state.timer = undefined;
    if (running !== undefined || queue.length === 0) return;
    const requests = queue.splice(0, commitLength(queue));
    for (const request of requests) state.rows -= request.rows;
    running = runCommit(requests);
  };
  const runCommit = async (requests: readonly WaitingRequest[]): Promise<void> => {
    const began = now();
    const failure = await commit(requests).then(
      () => undefined,
      (error: unknown) => ({ error }),
    );
    last = { ms: now() - began, rows: requests.reduce((sum, request) => sum + request.rows, 0) };
    for (const request of requests) {
      byHash.delete(request.hash);
      state.bytes -= request.bytes;
      if (failure === undefined) request.done.resolve();
      else request.done.reject(failure.error);
    }
    running = undefined;
    schedule();
  };
  return {
    find: (hash) => byHash.get(hash),
    add({ content, hash, bytes }) {
      const request: WaitingRequest = { content, hash, bytes, rows: rowsOf(content), done: Promise.withResolvers() };
      byHash.set(hash, request);
      queue.push(request);
      state.rows += request.rows;
      state.bytes += bytes;
      schedule();
      return request.done.promise;
    },
    waitingBytes: () => state.bytes,
    async drain() {
      state.draining = true;
      const last = [...byHash.values()].map((request) => request.done.promise);
      flush();
      await Promise.allSettled(last);
    },
  };
}

function waitMs(last: { readonly ms: number; readonly rows: number }): number {
  if (last.rows >= BUSY_ROWS) return LONGEST_WAIT_MS;
  return Math.min(LONGEST_WAIT_MS, Math.max(SHORTEST_WAIT_MS, WAIT_PER_COMMIT * last.ms));
}

/** How many requests make the next commit: at least one, and not so many that a commit takes long. */
function commitLength(queue: readonly WaitingRequest[]): number {
  let rows = 0;
  for (const [index, request] of queue.entries()) {
    rows += request.rows;
    if (index > 0 && rows > 2 * FLUSH_ROWS) return index;
  }
  return queue.length;
}
