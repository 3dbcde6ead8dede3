import type { LiveEvent } from '@belay/protocol';
import type { Client } from '@belay/client';
import type { LiveInput } from './live-state.ts';

const FIRST_RETRY_MS = 500;
const LAST_RETRY_MS = 8000;

export interface LiveStreamOptions {
  readonly api: Pick<Client, 'events'>;
  readonly onInput: (input: LiveInput) => void;
  readonly onEvent: (event: LiveEvent) => void;
  /** Called when events may have been missed: after a break, or when the server no longer keeps them. */
  readonly onResumed: () => void;
  readonly random: () => number;
}

/** The one live stream of this tab: rests while the tab is hidden, and resumes after the last event it saw. */
export function openLiveStream(options: LiveStreamOptions): { readonly close: () => void } {
  let lastEventId: string | undefined;
  let wasOpen = false;
  let retryMs = FIRST_RETRY_MS;
  let current: AbortController | undefined;
  let timer: number | undefined;

  async function run(): Promise<void> {
    const controller = new AbortController();
    current = controller;
    try {
      await options.api.events({
        signal: controller.signal,
        lastEventId,
        onOpen() {
          retryMs = FIRST_RETRY_MS;
          options.onInput({ type: 'opened' });
          if (wasOpen) options.onResumed();
          wasOpen = true;
        },
        onReset: options.onResumed,
        onEvent(event, id) {
          if (id !== null) lastEventId = id;
          if (event.type === 'heartbeat') options.onInput({ type: 'heartbeat', dataAgeMs: event.dataAgeMs });
          else options.onEvent(event);
        },
      });
    } catch {
      // Whatever ended the stream, the state below says so on the page and the next attempt tells whether it lasts.
    }
    if (current !== controller) return;
    current = undefined;
    options.onInput({ type: 'closed' });
    if (!document.hidden) again();
  }
  function again(): void {
    timer = window.setTimeout(() => void run(), retryMs * (0.5 + options.random()));
    retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
  }
  function stop(): void {
    window.clearTimeout(timer);
    const controller = current;
    current = undefined;
    controller?.abort();
  }
  function onVisibility(): void {
    stop();
    if (!document.hidden) void run();
  }
  document.addEventListener('visibilitychange', onVisibility);
  void run();
  return {
    close() {
      document.removeEventListener('visibilitychange', onVisibility);
      stop();
    },
  };
}
