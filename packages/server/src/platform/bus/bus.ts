import type { LiveEvent } from '@belay/protocol';

/** An event with its place in the order of this process. */
export interface NumberedEvent {
  readonly id: number;
  readonly event: LiveEvent;
}

/** Live events inside the process, in order, the newest of them kept for readers that reconnect. */
export interface Bus {
  publish(event: LiveEvent): void;
  /** Calls `listener` for every later event. Returns how to stop. */
  subscribe(listener: (event: NumberedEvent) => void): () => void;
  /** Events after `id`; undefined when some of them are no longer kept. */
  since(id: number): readonly NumberedEvent[] | undefined;
  readonly lastId: number;
}

interface BusOptions {
  /** Number before the first event: grows over restarts, so that an id of an earlier process is never mistaken. */
  readonly firstId?: number;
  readonly kept?: number;
  readonly onListenerError: (error: unknown) => void;
}

export function createBus({ firstId = 0, kept = 10_000, onListenerError }: BusOptions): Bus {
  const listeners = new Set<(event: NumberedEvent) => void>();
  const recent: NumberedEvent[] = [];
  let lastId = firstId;
  return {
    publish(event) {
      lastId += 1;
      const numbered = { id: lastId, event };
      recent.push(numbered);
      // Cut in large steps: shifting one element per event of a long array costs more.
      if (recent.length >= kept * 2) recent.splice(0, recent.length - kept);
      for (const listener of listeners) tell(listener, numbered, onListenerError);
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    since(id) {
      const oldest = Math.max(recent[0]?.id ?? lastId + 1, lastId - kept + 1);
      if (id > lastId || id < oldest - 1) return undefined;
      return recent.slice(recent.length - (lastId - id));
    },
    get lastId() {
      return lastId;
    },
  };
}

function tell(
  listener: (event: NumberedEvent) => void,
  event: NumberedEvent,
  onListenerError: (error: unknown) => void,
): void {
  try {
    listener(event);
  } catch (error) {
    onListenerError(error);
  }
}
