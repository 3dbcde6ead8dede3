import type { PresenceEntry, PresenceStore } from './log-types.ts';

/** Who is in which channel, as this process tells it to the store. */
export interface PresenceBook {
  enter(entry: PresenceEntry): void;
  leave(entry: PresenceEntry): void;
  list(channel: string): Promise<readonly PresenceEntry[]>;
  close(): Promise<void>;
}

/** A lease is renewed every 30 s and lasts for two of these: who is gone without a word is so for a minute at most. */
export const LEASE_MS = 60_000;
const RENEW_MS = 30_000;
const FLUSH_MS = 100;
const CHUNK = 500;

/** A book over a store; changes are told in batches, and a store that fails is told again with the next renewal. */
export function createPresenceBook(store: PresenceStore, warn: (message: string) => void): PresenceBook {
  const here = new Set<PresenceEntry>();
  let entered = new Set<PresenceEntry>();
  let left: PresenceEntry[] = [];
  let timer: NodeJS.Timeout | undefined;
  let flushing: Promise<void> = Promise.resolve();
  const tell = async (): Promise<void> => {
    const coming = [...entered];
    const going = left;
    entered = new Set();
    left = [];
    try {
      for (const chunk of chunks(coming)) await store.renew(chunk, LEASE_MS);
      for (const chunk of chunks(going)) await store.leave(chunk);
    } catch (error) {
      warn(`presence could not be stored: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  const flush = (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    flushing = flushing.then(tell);
    return flushing;
  };
  const schedule = (): void => {
    timer ??= setTimeout(() => void flush(), FLUSH_MS).unref();
  };
  const renewing = setInterval(() => {
    for (const entry of here) entered.add(entry);
    void flush();
  }, RENEW_MS).unref();
  return {
    enter(entry) {
      here.add(entry);
      entered.add(entry);
      schedule();
    },
    leave(entry) {
      here.delete(entry);
      if (!entered.delete(entry)) left.push(entry);
      schedule();
    },
    async list(channel) {
      await flush();
      return store.list(channel);
    },
    async close() {
      clearInterval(renewing);
      left.push(...here);
      here.clear();
      entered.clear();
      await flush();
    },
  };
}

function* chunks<Item>(items: readonly Item[]): Generator<readonly Item[]> {
  for (let start = 0; start < items.length; start += CHUNK) yield items.slice(start, start + CHUNK);
}

/** Presence of one process. */
export function createMemoryPresence(now: () => number): PresenceStore {
  const channels = new Map<string, Map<string, { readonly entry: PresenceEntry; readonly endsAt: number }>>();
  return {
    async renew(entries, leaseMs) {
      for (const entry of entries) {
        const channel = channels.get(entry.channel) ?? new Map<string, { entry: PresenceEntry; endsAt: number }>();
        channel.set(entry.client, { entry, endsAt: now() + leaseMs });
        channels.set(entry.channel, channel);
      }
    },
    async leave(entries) {
      for (const { channel, client } of entries) {
        channels.get(channel)?.delete(client);
        if (channels.get(channel)?.size === 0) channels.delete(channel);
      }
    },
    async list(channel) {
      const leases = [...(channels.get(channel)?.values() ?? [])];
      return leases.filter(({ endsAt }) => endsAt > now()).map(({ entry }) => entry);
    },
  };
}
