/** Something that runs again and again until it is closed. */
export interface Repetition {
  /** Stops, and waits for a round that is under way. */
  close(): Promise<void>;
}

interface RepeatOptions {
  readonly everyMs: number;
  readonly run: (signal: AbortSignal) => void | Promise<void>;
  readonly onError: (error: unknown) => void;
}

/** Runs `run` every `everyMs`; a slow round delays the next, so that two never overlap. Does not keep the process alive. */
export function repeat({ everyMs, run, onError }: RepeatOptions): Repetition {
  const stop = new AbortController();
  let round = Promise.resolve();
  let timer: NodeJS.Timeout | undefined;
  const schedule = (): void => {
    if (stop.signal.aborted) return;
    timer = setTimeout(() => {
      round = attempt().then(schedule);
    }, everyMs);
    timer.unref();
  };
  const attempt = async (): Promise<void> => {
    try {
      await run(stop.signal);
    } catch (error) {
      onError(error);
    }
  };
  schedule();
  return {
    async close() {
      stop.abort();
      clearTimeout(timer);
      await round;
    },
  };
}
