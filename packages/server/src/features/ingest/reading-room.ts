import { BelayError } from '@belay/core';
import type { TelemetryStore } from '../telemetry/api.ts';

/** Runs the reading of a body, which accounts for its bytes by calling `take`. */
export type ReadingRoom = <Result>(work: (take: (bytes: number) => void) => Promise<Result>) => Promise<Result>;

/**
 * Accounts for a body as its bytes arrive, until it is decoded; rows that wait are accounted for by the store. What is
 * announced says nothing: some announce much and send nothing, others stream without end.
 */
export function createReadingRoom(
  store: Pick<TelemetryStore, 'stats'>,
  limits: { readonly waitingBytes: number },
): ReadingRoom {
  let readingBytes = 0;
  return async <Result>(work: (take: (bytes: number) => void) => Promise<Result>): Promise<Result> => {
    let taken = 0;
    const take = (bytes: number): void => {
      if (readingBytes + store.stats().waitingBytes + bytes > limits.waitingBytes) throw overloaded();
      readingBytes += bytes;
      taken += bytes;
    };
    try {
      return await work(take);
    } finally {
      readingBytes -= taken;
    }
  };
}

function overloaded(): BelayError {
  return new BelayError('telemetry.overloaded', 'Too much telemetry is waiting to be stored.', {
    hint: 'Send it again later; nothing of this request was stored.',
    retryAfterSeconds: 2,
  });
}
