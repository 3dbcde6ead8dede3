import type { DropCounter } from './drop-counter.ts';

/** One second's outcomes, encoded once. */
export interface Batch {
  readonly body: Buffer;
  /** Units of work that are lost with it. */
  readonly units: number;
  /** Monotonic ms. */
  readonly countedAt: number;
}

/** Batches in order of time. */
export interface BatchQueue {
  /** Adds a batch; the oldest are dropped, and counted, where there is no room. */
  put(batch: Batch): void;
  remove(batch: Batch): void;
  dropOlderThan(countedAt: number): void;
  first(): Batch | undefined;
  size(): { readonly batches: number; readonly bytes: number };
}

/** Most bytes that wait: a minute of the busiest service. */
const maximumBytes = 8 * 1024 * 1024;

/** An empty queue, bounded by bytes. */
export function createBatchQueue(drops: DropCounter): BatchQueue {
  const batches: Batch[] = [];
  const bytesIn = (): number => batches.reduce((sum, { body }) => sum + body.length, 0);
  const remove = (batch: Batch): void => {
    const index = batches.indexOf(batch);
    if (index >= 0) batches.splice(index, 1);
  };
  const dropFirst = (cause: 'outcomes-overflow' | 'outcomes-expired'): void => {
    const oldest = batches.shift();
    if (oldest !== undefined) drops.add(cause, oldest.units);
  };
  return {
    remove,
    put(batch) {
      batches.push(batch);
      while (batches.length > 0 && bytesIn() > maximumBytes) dropFirst('outcomes-overflow');
    },
    dropOlderThan(countedAt) {
      while (batches.length > 0 && (batches[0]?.countedAt ?? Infinity) < countedAt) dropFirst('outcomes-expired');
    },
    first: () => batches[0],
    size: () => ({ batches: batches.length, bytes: bytesIn() }),
  };
}
