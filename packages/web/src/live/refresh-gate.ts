/**
 * Lets each key through at most once per `intervalMs`: at once when it is idle, and once more at the end of the
 * interval when something came meanwhile. It keeps a page at one update a second however fast events arrive.
 */
export interface RefreshGate {
  readonly request: (key: string) => void;
  readonly close: () => void;
}

export function createRefreshGate(options: {
  readonly intervalMs: number;
  readonly refresh: (key: string) => void;
  readonly setTimer: (run: () => void, ms: number) => () => void;
}): RefreshGate {
  const waiting = new Map<string, { again: boolean; cancel: () => void }>();

  function open(key: string): void {
    options.refresh(key);
    const entry = { again: false, cancel: options.setTimer(() => finish(key), options.intervalMs) };
    waiting.set(key, entry);
  }
  function finish(key: string): void {
    const entry = waiting.get(key);
    waiting.delete(key);
    if (entry?.again === true) open(key);
  }
  return {
    request(key) {
      const entry = waiting.get(key);
      if (entry === undefined) open(key);
      else entry.again = true;
    },
    close() {
      for (const entry of waiting.values()) entry.cancel();
      waiting.clear();
    },
  };
}
