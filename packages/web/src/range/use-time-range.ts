import { useEffect, useMemo, useState } from 'preact/hooks';
import { useLocation, useSearch } from 'wouter-preact';
import { readRange, refreshEvery, type TimeRange, writeRange } from './time-range.ts';

/** The chosen range with its two ends, for queries: `from` and `to` stay the same between two refreshes. */
export interface LiveRange {
  readonly range: TimeRange;
  readonly from: number;
  readonly to: number;
  /** Whether the end moves with the clock. */
  readonly isLive: boolean;
  /** Preset used where the address names none. */
  readonly fallback: string;
  readonly setRange: (range: TimeRange) => void;
  readonly setLive: (isLive: boolean) => void;
  readonly refresh: () => void;
}

/** The time range of the address. It moves on by itself while live, but never in a tab nobody looks at. */
export function useTimeRange(fallback = '1h'): LiveRange {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const range = useMemo(() => readRange(new URLSearchParams(search), fallback), [search, fallback]);
  const isPaused = new URLSearchParams(search).get('live') === 'off';
  const isLive = range.kind === 'last' && !isPaused;
  const [now, setNow] = useState(() => Date.now());
  const span = range.kind === 'last' ? range.ms : 0;
  useEffect(() => {
    if (!isLive) return undefined;
    return everyWhileVisible(refreshEvery(span), () => setNow(Date.now()));
  }, [isLive, span]);
  const go = (change: (parameters: URLSearchParams) => void): void => {
    const parameters = new URLSearchParams(search);
    change(parameters);
    const text = parameters.toString();
    navigate(text === '' ? path : `${path}?${text}`, { replace: true });
  };
  return {
    range,
    from: range.kind === 'last' ? now - range.ms : range.from,
    to: range.kind === 'last' ? now : range.to,
    isLive,
    fallback,
    setRange: (next) => {
      setNow(Date.now());
      go((parameters) => writeRange(parameters, next, fallback));
    },
    setLive: (next) => {
      setNow(Date.now());
      go((parameters) => (next ? parameters.delete('live') : parameters.set('live', 'off')));
    },
    refresh: () => setNow(Date.now()),
  };
}

/** Runs `tick` at an interval, and at once when a hidden tab is looked at again after missing one. */
function everyWhileVisible(intervalMs: number, tick: () => void): () => void {
  let lastAt = Date.now();
  const run = (): void => {
    if (document.hidden || Date.now() - lastAt < intervalMs - 50) return;
    lastAt = Date.now();
    tick();
  };
  const timer = window.setInterval(run, intervalMs);
  document.addEventListener('visibilitychange', run);
  return () => {
    window.clearInterval(timer);
    document.removeEventListener('visibilitychange', run);
  };
}
