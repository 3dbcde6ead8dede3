import { BelayError } from '@belay/core';

export interface ReadSlotsOptions {
  /** Questions that may run at once. */
  readonly running: number;
  /** Questions that may wait; more are refused. */
  readonly waiting: number;
  readonly waitMs: number;
}

/** Bounds how many questions the engine answers at once. */
export interface ReadSlots {
  /** Runs `work` when it is the turn of its group; rejects with `telemetry.busy` when that takes too long. */
  run<Result>(group: string, work: () => Promise<Result>, signal?: AbortSignal): Promise<Result>;
  counts(): { readonly running: number; readonly waiting: number; readonly refused: number };
}

interface Waiter {
  readonly turn: PromiseWithResolvers<void>;
  readonly timer: NodeJS.Timeout;
}

/** Groups take turns, so that one screen with many questions keeps nobody else waiting. */
export function createReadSlots(options: ReadSlotsOptions): ReadSlots {
  // Groups in the order of their next turn: one that had its turn goes to the end.
  const groups = new Map<string, Waiter[]>();
  const state = { running: 0, waiting: 0, refused: 0 };

  const leave = (group: string, waiter: Waiter): void => {
    const queue = groups.get(group) ?? [];
    const index = queue.indexOf(waiter);
    if (index < 0) return;
    queue.splice(index, 1);
    if (queue.length === 0) groups.delete(group);
    state.waiting -= 1;
    clearTimeout(waiter.timer);
  };
  const refuse = (): BelayError => {
    state.refused += 1;
    return new BelayError('telemetry.busy', `${state.running} questions are being answered; others wait longer.`, {
      hint: 'Ask again in a moment, and for less at once.',
      retryAfterSeconds: 2,
    });
  };
  const wait = (group: string, signal: AbortSignal | undefined): Promise<void> => {
    if (state.waiting >= options.waiting) return Promise.reject(refuse());
    const turn = Promise.withResolvers<void>();
    const end = (reason: unknown): void => {
      leave(group, waiter);
      turn.reject(reason);
    };
    const waiter: Waiter = { turn, timer: setTimeout(() => end(refuse()), options.waitMs) };
    const onAbort = (): void => end(signal?.reason);
    signal?.addEventListener('abort', onAbort, { once: true });
    groups.set(group, [...(groups.get(group) ?? []), waiter]);
    state.waiting += 1;
    return turn.promise.finally(() => signal?.removeEventListener('abort', onAbort));
  };
  const callNext = (): void => {
    for (const [group, [waiter]] of groups) {
      if (waiter === undefined) continue;
      leave(group, waiter);
      const rest = groups.get(group);
      if (rest !== undefined) {
        groups.delete(group);
        groups.set(group, rest);
      }
      waiter.turn.resolve();
      return;
    }
    state.running -= 1;
  };
  return {
    async run(group, work, signal) {
      if (state.running < options.running) state.running += 1;
      // A waiter takes over the slot of the one that ends.
      else await wait(group, signal);
      try {
        return await work();
      } finally {
        callNext();
      }
    },
    counts: () => ({ ...state }),
  };
}
