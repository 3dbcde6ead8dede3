import type { Log } from '../platform/log/log.ts';

/** What is open, and how to close it in reverse. */
export interface Opened {
  /** Says how to close what was just opened. */
  add(close: () => Promise<void>): void;
  /** Closes everything, newest first; once. */
  close(): Promise<void>;
}

export function createOpened(log: Log): Opened {
  const closers: (() => Promise<void>)[] = [];
  return {
    add: (close) => void closers.push(close),
    async close() {
      for (let close = closers.pop(); close !== undefined; close = closers.pop()) {
        try {
          await close();
        } catch (err) {
          // What is still open must be closed too; the data folder's lock comes last.
          log.error({ err }, 'something did not close cleanly');
        }
      }
    },
  };
}
