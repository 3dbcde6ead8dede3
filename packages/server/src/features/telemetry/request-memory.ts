/** Which requests have been stored lately, table by table. */
export interface RequestMemory {
  has(table: string, hash: bigint): boolean;
  remember(table: string, hash: bigint, second: number): void;
  /** Drops what is older than the window. */
  forgetBefore(second: number): void;
}

/** Seconds for which the same bytes are recognised; exporters give up resending long before. */
export const MEMORY_SECONDS = 15 * 60;

/** Starts without memories; at most `limit` per table are kept, the newest ones. */
export function createRequestMemory(tables: readonly string[], limit = 1_000_000): RequestMemory {
  const seen = new Map(tables.map((table) => [table, new Map<bigint, number>()]));
  const of = (table: string): Map<bigint, number> => seen.get(table) ?? new Map<bigint, number>();
  return {
    has: (table, hash) => of(table).has(hash),
    remember(table, hash, second) {
      const requests = of(table);
      requests.set(hash, second);
      if (requests.size <= limit) return;
      for (const oldest of requests.keys()) {
        requests.delete(oldest);
        break;
      }
    },
    forgetBefore(second) {
      for (const requests of seen.values()) {
        // Entries stand in the order of their seconds, so the first young one ends the walk.
        for (const [hash, at] of requests) {
          if (at >= second) break;
          requests.delete(hash);
        }
      }
    },
  };
}
