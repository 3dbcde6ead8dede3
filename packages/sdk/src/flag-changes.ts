import type { DropCounter } from './drop-counter.ts';
import type { FlagState } from './snapshot-decoder.ts';
import type { FlagsChange } from './types.ts';

/** Tells subscribers about changes, and those who wait that flags have come. */
export interface FlagChanges {
  subscribe(listener: (change: FlagsChange) => void): () => void;
  tell(change: FlagsChange): void;
  /** Tells which flags differ between two states. */
  compare(before: FlagState | undefined, after: FlagState): void;
  /** Flags of the server are served (or never will be): nobody needs to wait any longer. */
  settle(): void;
  /** Resolves when settled, or after `timeoutMs`, to what `isReady` says then. */
  ready(isAlone: boolean, timeoutMs: number, isReady: () => boolean): Promise<boolean>;
}

/** Nobody has subscribed yet. */
export function createFlagChanges(drops: DropCounter): FlagChanges {
  const listeners = new Set<(change: FlagsChange) => void>();
  const waiters = new Set<() => void>();
  let isSettled = false;
  const tell = (change: FlagsChange): void => {
    for (const listener of listeners) {
      try {
        listener(change);
      } catch {
        // The application's own fault must not stop the stream; it is counted, and the others are still told.
        drops.add('listener');
      }
    }
  };
  return {
    tell,
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    compare(before, after) {
      if (listeners.size === 0) return;
      tell({ kind: 'changed', revision: after.revision, flagKeys: changedKeys(before, after) });
    },
    settle() {
      isSettled = true;
      for (const wake of waiters) wake();
      waiters.clear();
    },
    ready(isAlone, timeoutMs, isReady) {
      if (isSettled || isAlone) return Promise.resolve(isReady());
      return new Promise((resolve) => {
        // Whoever waits for it wants the process to live that long.
        const timer = setTimeout(wake, timeoutMs);
        function wake(): void {
          clearTimeout(timer);
          waiters.delete(wake);
          resolve(isReady());
        }
        waiters.add(wake);
      });
    },
  };
}

function changedKeys(before: FlagState | undefined, after: FlagState): readonly string[] {
  const old = fingerprints(before);
  const now = fingerprints(after);
  return [...new Set([...old.keys(), ...now.keys()])].filter((key) => old.get(key) !== now.get(key));
}

/** Definition and rollout of each flag as text. */
function fingerprints(state: FlagState | undefined): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  if (state === undefined) return found;
  const definitions = 'flags' in state.definitions ? state.definitions.flags : {};
  for (const [key, flag] of Object.entries(definitions ?? {})) {
    const rollouts = state.rollouts.filter((rollout) => rollout.flagKey === key);
    found.set(key, JSON.stringify([flag, rollouts]));
  }
  return found;
}
