import type { PostgresPool } from './postgres-log.ts';

/** Hears what other processes stored, by LISTEN, and connects again where that broke off. */
export interface PostgresWatch {
  listen(listener: (channel: string | undefined) => void): () => void;
  close(): Promise<void>;
}

const RECONNECT_MS = 500;

/** A watch over one schema's notifications. Nothing is lost for good by a break: afterwards every channel is looked at. */
export function createPostgresWatch(pool: PostgresPool, schema: string): PostgresWatch {
  const listeners = new Set<(channel: string | undefined) => void>();
  const tell = (channel: string | undefined): void => {
    for (const listener of listeners) listener(channel);
  };
  let release: (() => void) | undefined;
  let opening: Promise<void> | undefined;
  let isClosed = false;
  let timer: NodeJS.Timeout | undefined;
  const again = (): void => {
    release = undefined;
    if (!isClosed) timer ??= setTimeout(start, RECONNECT_MS).unref();
  };
  const open = async (): Promise<void> => {
    try {
      const opened = await pool.connect();
      let isGone = false;
      const lose = (): void => {
        if (isGone) return;
        isGone = true;
        opened.release(true);
        again();
      };
      release = lose;
      opened.on('error', lose);
      opened.on('end', lose);
      opened.on('notification', ({ payload }) => tell(payload));
      await opened.query(`LISTEN ${schema}`);
      tell(undefined);
    } catch {
      release?.();
      // The database cannot be reached; who asks the log for something is told so.
      again();
    }
  };
  function start(): void {
    timer = undefined;
    opening = open().finally(() => {
      opening = undefined;
    });
  }
  return {
    listen(listener) {
      listeners.add(listener);
      if (release === undefined && opening === undefined) start();
      return () => void listeners.delete(listener);
    },
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await opening;
      release?.();
    },
  };
}
