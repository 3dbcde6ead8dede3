import type { DecodedColumns } from '@belay/wire';

/** A service whose times do not fit the server's. */
export interface SkewedClock {
  readonly service: string;
  /** How far its times are ahead of the server's, ms; negative when behind. */
  readonly skewMs: number;
}

/** Notices senders whose clock is more than a minute off; each is told of once, until it is right again. */
export interface ClockWatch {
  /** `newestMs`: newest time in a request, Unix ms; `arrivedMs`: when it came. */
  note(service: string, newestMs: number, arrivedMs: number): void;
  /** Clocks that are off now, the farthest first. */
  list(): readonly SkewedClock[];
}

export interface ClockWatchOptions {
  readonly log: { warn(facts: object, message: string): void };
  /** Called once for a service. */
  readonly onSkew: (clock: SkewedClock) => void;
}

/** Exporters wait half a minute at most before they send. */
const OFF_MS = 60_000;
/** What comes late once may be a retry or a history; a clock that is behind is behind by the same in every request. */
const REQUESTS = 5;
const STRETCH_MS = 60_000;
/** Senders can name themselves as they like. */
const MOST_SERVICES = 1_000;

interface Seen {
  /** Newest times against arrival, and arrivals, of the last requests. */
  readonly recent: { readonly offset: number; readonly at: number }[];
  skewMs: number | null;
}

export function createClockWatch({ log, onSkew }: ClockWatchOptions): ClockWatch {
  const services = new Map<string, Seen>();
  return {
    note(service, newestMs, arrivedMs) {
      const seen = services.get(service) ?? { recent: [], skewMs: null };
      if (!services.has(service) && services.size >= MOST_SERVICES) return;
      services.set(service, seen);
      seen.recent.push({ offset: newestMs - arrivedMs, at: arrivedMs });
      if (seen.recent.length > REQUESTS) seen.recent.shift();
      const skewMs = skewOf(seen);
      const isNews = skewMs !== null && seen.skewMs === null;
      seen.skewMs = skewMs;
      if (!isNews) return;
      log.warn({ service, skewMs }, 'the clock of a sender is more than a minute off');
      onSkew({ service, skewMs });
    },
    list: () =>
      [...services]
        .flatMap(([service, { skewMs }]) => (skewMs === null ? [] : [{ service, skewMs }]))
        .toSorted((a, b) => Math.abs(b.skewMs) - Math.abs(a.skewMs)),
  };
}

/** Nothing can be sent before it happened, so one request tells a clock that is ahead. */
function skewOf({ recent }: Seen): number | null {
  const offsets = recent.map(({ offset }) => offset);
  const last = offsets.at(-1) ?? 0;
  if (last > OFF_MS) return Math.round(last);
  const most = Math.max(...offsets);
  const stretch = (recent.at(-1)?.at ?? 0) - (recent[0]?.at ?? 0);
  const isBehind = recent.length === REQUESTS && stretch >= STRETCH_MS && most < -OFF_MS;
  return isBehind && most - Math.min(...offsets) < OFF_MS ? Math.round(most) : null;
}

/** Newest time in a request of spans (their ends) or log records, Unix ms; null without rows. */
export function newestTime({ spans, logs }: Pick<DecodedColumns, 'spans' | 'logs'>): number | null {
  const { rows, time } = spans ?? logs ?? { rows: 0, time: new Uint32Array() };
  const duration = spans?.duration;
  let newest: number | null = null;
  for (let row = 0; row < rows; row += 1) {
    const at = msAt(time, row) + (duration === undefined ? 0 : msAt(duration, row));
    if (newest === null || at > newest) newest = at;
  }
  return newest;
}

/** Two words of nanoseconds as ms. */
function msAt(words: Uint32Array, row: number): number {
  return ((words[2 * row + 1] ?? 0) * 4_294_967_296 + (words[2 * row] ?? 0)) / 1e6;
}
