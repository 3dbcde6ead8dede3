/** What questions of one name have cost since the server started. */
export interface QueryStats {
  /** E.g. `logs.search`. */
  readonly name: string;
  readonly count: number;
  /** Ended by deadline, limit or failure. */
  readonly failed: number;
  /** Taken back by whoever asked. */
  readonly cancelled: number;
  readonly totalMs: number;
  readonly maxMs: number;
  /** Median and 95th percentile of the last 200, ms; null before the first. */
  readonly p50Ms: number | null;
  readonly p95Ms: number | null;
  readonly rowsRead: number;
  readonly rowsAnswered: number;
}

export interface QueryRecord {
  readonly name: string;
  readonly ms: number;
  readonly outcome: 'answered' | 'failed' | 'cancelled';
  readonly rowsRead: number;
  readonly rowsAnswered: number;
}

export interface QueryStatistics {
  record(query: QueryRecord): void;
  all(): readonly QueryStats[];
}

const KEPT = 200;
/** Names come from the code, so this is only a net. */
const MOST_NAMES = 500;

interface Sums {
  count: number;
  failed: number;
  cancelled: number;
  totalMs: number;
  maxMs: number;
  rowsRead: number;
  rowsAnswered: number;
  readonly last: number[];
}

/** Remembers what questions cost, by name. */
export function createQueryStatistics(): QueryStatistics {
  const byName = new Map<string, Sums>();
  return {
    record({ name, ms, outcome, rowsRead, rowsAnswered }) {
      const sums = byName.get(name) ?? emptySums();
      if (byName.size < MOST_NAMES) byName.set(name, sums);
      sums.count += 1;
      if (outcome === 'failed') sums.failed += 1;
      if (outcome === 'cancelled') sums.cancelled += 1;
      sums.totalMs += ms;
      sums.maxMs = Math.max(sums.maxMs, ms);
      sums.rowsRead += rowsRead;
      sums.rowsAnswered += rowsAnswered;
      sums.last.push(ms);
      if (sums.last.length > KEPT) sums.last.shift();
    },
    all: () => [...byName].map(([name, { last, ...sums }]) => ({ name, ...sums, ...quantilesOf(last) })),
  };
}

function emptySums(): Sums {
  return { count: 0, failed: 0, cancelled: 0, totalMs: 0, maxMs: 0, rowsRead: 0, rowsAnswered: 0, last: [] };
}

function quantilesOf(last: readonly number[]): { readonly p50Ms: number | null; readonly p95Ms: number | null } {
  const sorted = last.toSorted((a, b) => a - b);
  const at = (quantile: number): number | null => sorted[Math.ceil(quantile * sorted.length) - 1] ?? null;
  return { p50Ms: at(0.5), p95Ms: at(0.95) };
}
