import type { LogLine, LogTailEvent } from '@belay/protocol';
import { given } from '../explore/explore-queries.ts';

const KEPT = 500;
const SHOW_EVERY_MS = 500;

/** What a live tail has shown so far, newest first. */
export interface TailState {
  readonly lines: readonly LogLine[];
  /** Lines that were left out, with the reason in words. */
  readonly missed: number;
  readonly status: 'connecting' | 'live' | 'lost';
}

export const emptyTail: TailState = { lines: [], missed: 0, status: 'connecting' };

/** Follows new lines. The browser resumes by itself after a lost connection. Returns how to stop. */
export function followLogs(
  filter: { readonly q: string; readonly service: string },
  onState: (change: (state: TailState) => TailState) => void,
): () => void {
  const search = new URLSearchParams(given({ ...filter })).toString();
  const source = new EventSource(`/api/v1/logs/tail${search === '' ? '' : `?${search}`}`);
  let waiting: LogLine[] = [];
  // A burst is shown twice a second, not line by line.
  const timer = window.setInterval(() => {
    if (waiting.length === 0) return;
    const fresh = waiting.toReversed();
    waiting = [];
    onState((state) => ({ ...state, lines: [...fresh, ...state.lines].slice(0, KEPT) }));
  }, SHOW_EVERY_MS);
  source.addEventListener('open', () => onState((state) => ({ ...state, status: 'live' })));
  source.addEventListener('error', () => onState((state) => ({ ...state, status: 'lost' })));
  source.addEventListener('message', (message: MessageEvent<string>) => {
    // Decoder: the stream carries the protocol's tail events and nothing else.
    const event = JSON.parse(message.data) as LogTailEvent;
    if (event.type === 'lines') waiting = [...waiting, ...event.lines].slice(-KEPT);
    if (event.type === 'missed') onState((state) => ({ ...state, missed: state.missed + event.count }));
  });
  return () => {
    window.clearInterval(timer);
    source.close();
  };
}
