/** How long something took lately. */
export interface DurationWindow {
  add(ms: number): void;
  /** Runs the work and adds how long it took, whether it succeeds or fails. */
  time<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Of the last minute, in ms; undefined without any. */
  quantiles(): { readonly p50: number; readonly p95: number; readonly count: number } | undefined;
}

const WINDOW_MS = 60_000;
/** Enough for a quantile; where there are more in a minute, the newest stand for it. */
const MOST = 4096;

/** A window without durations. */
export function createDurationWindow(): DurationWindow {
  const durations: { readonly at: number; readonly ms: number }[] = [];
  const add = (ms: number): void => {
    durations.push({ at: performance.now(), ms });
    if (durations.length >= 2 * MOST) durations.splice(0, durations.length - MOST);
  };
  return {
    add,
    async time(work) {
      const startedAt = performance.now();
      try {
        return await work();
      } finally {
        add(performance.now() - startedAt);
      }
    },
    quantiles() {
      const since = performance.now() - WINDOW_MS;
      const recent = durations.filter(({ at }) => at >= since).slice(-MOST);
      const sorted = recent.map(({ ms }) => ms).sort((a, b) => a - b);
      const at = (quantile: number): number => sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0;
      return sorted.length === 0 ? undefined : { p50: at(0.5), p95: at(0.95), count: sorted.length };
    },
  };
}
