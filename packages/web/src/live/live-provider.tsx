import { invariant } from '@belay/core';
import { computed, type ReadonlySignal, signal } from '@preact/signals';
import { useQueryClient } from '@tanstack/preact-query';
import { type ComponentChildren, createContext, type JSX } from 'preact';
import { useContext, useEffect, useMemo } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { type Freshness, freshness, initialLiveState, isStale, type LiveInput, reduceLive } from './live-state.ts';
import { openLiveStream } from './live-stream.ts';
import { createRefreshGate } from './refresh-gate.ts';
import { refreshKeys } from './refresh-keys.ts';

const ONE_UPDATE_MS = 1000;

export interface Live {
  readonly now: ReadonlySignal<number>;
  readonly freshness: ReadonlySignal<Freshness>;
  readonly isStale: ReadonlySignal<boolean>;
  /** What the polite live region says. */
  readonly announcement: ReadonlySignal<string>;
  readonly announce: (text: string) => void;
}

const LiveContext = createContext<Live | undefined>(undefined);

/** What is known about how fresh this page is, and a way to tell people who listen rather than look. */
export function useLive(): Live {
  const live = useContext(LiveContext);
  invariant(live !== undefined, 'useLive needs a LiveProvider above it');
  return live;
}

export function LiveProvider({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const store = useMemo(createLiveStore, []);
  useEffect(() => {
    const gate = createRefreshGate({
      intervalMs: ONE_UPDATE_MS,
      refresh: (key) => void queries.invalidateQueries({ queryKey: JSON.parse(key) as string[] }),
      setTimer(run, ms) {
        const timer = window.setTimeout(run, ms);
        return () => window.clearTimeout(timer);
      },
    });
    const stream = openLiveStream({
      api,
      onInput: store.input,
      onEvent: (event) => refreshKeys(event).forEach((key) => gate.request(JSON.stringify(key))),
      onResumed: () => void queries.invalidateQueries(),
      random: Math.random,
    });
    const clock = window.setInterval(store.tick, ONE_UPDATE_MS);
    return () => {
      window.clearInterval(clock);
      stream.close();
      gate.close();
    };
  }, [api, queries, store]);
  return (
    <LiveContext.Provider value={store.live}>
      {children}
      <Announcer live={store.live} />
    </LiveContext.Provider>
  );
}

function Announcer({ live }: { readonly live: Live }): JSX.Element {
  return (
    <p className="vh" role="status" aria-live="polite">
      {live.announcement.value}
    </p>
  );
}

function createLiveStore(): { live: Live; input: (input: LiveInput) => void; tick: () => void } {
  const now = signal(Date.now());
  const state = signal(initialLiveState(now.value));
  const announcement = signal('');
  const fresh = computed(() => freshness(state.value, now.value));
  return {
    live: {
      now,
      freshness: fresh,
      isStale: computed(() => isStale(fresh.value)),
      announcement,
      announce: (text) => {
        announcement.value = text;
      },
    },
    input: (input) => {
      now.value = Date.now();
      state.value = reduceLive(state.value, input, now.value);
    },
    tick: () => {
      now.value = Date.now();
    },
  };
}
