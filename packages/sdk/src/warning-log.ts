/** Keeps what degrades a client, and says each thing once. */
export interface WarningLog {
  readonly add: (message: string) => void;
  /** The latest, newest last. */
  readonly list: () => readonly string[];
}

const kept = 20;

/** A log that tells each new warning to `tell`, at most `kept` different ones until they fall out of the list. */
export function createWarningLog(tell: (message: string) => void): WarningLog {
  const messages = new Set<string>();
  return {
    add(message) {
      const text = message.slice(0, 500);
      const isNew = !messages.has(text);
      messages.delete(text);
      messages.add(text);
      const oldest = messages.size > kept ? messages.values().next().value : undefined;
      if (oldest !== undefined) messages.delete(oldest);
      if (!isNew) return;
      try {
        tell(text);
      } catch {
        // The application's listener failed; the warning stands in the list all the same.
      }
    },
    list: () => [...messages],
  };
}
