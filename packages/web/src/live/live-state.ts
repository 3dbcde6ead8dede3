/** Past this age of the newest thing we heard, nothing on the page may look fresh. */
export const STALE_AFTER_MS = 10_000;

/** What the one live stream of this tab has told so far. Times are this browser's, in milliseconds. */
export interface LiveState {
  readonly openedAt: number;
  readonly connected: boolean;
  readonly heardAt: number | null;
  /** Age of the newest telemetry when the last heartbeat came; null while no data has ever arrived. */
  readonly dataAgeMs: number | null;
}

export type LiveInput =
  | { readonly type: 'opened' }
  | { readonly type: 'closed' }
  | { readonly type: 'heartbeat'; readonly dataAgeMs: number | null };

/** How fresh the page is, for the chip in the top bar and for greying verdicts out. */
export type Freshness =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live'; readonly dataAgeMs: number }
  | { readonly kind: 'no-data' }
  /** The stream is well, but the services have sent nothing for a while. */
  | { readonly kind: 'quiet'; readonly since: number }
  /** We hear nothing from Belay itself. */
  | { readonly kind: 'lost'; readonly since: number };

export const initialLiveState = (now: number): LiveState => ({
  openedAt: now,
  connected: false,
  heardAt: null,
  dataAgeMs: null,
});

/** The next state after something arrived at `now`. */
export function reduceLive(state: LiveState, input: LiveInput, now: number): LiveState {
  switch (input.type) {
    case 'opened':
      return { ...state, connected: true };
    case 'closed':
      return { ...state, connected: false };
    case 'heartbeat':
      return { ...state, connected: true, heardAt: now, dataAgeMs: input.dataAgeMs };
  }
}

/** Reads the state at `now`. Silence counts from the last heartbeat, or from the opening when none ever came. */
export function freshness(state: LiveState, now: number): Freshness {
  const heardAt = state.heardAt ?? state.openedAt;
  if (now - heardAt > STALE_AFTER_MS) return { kind: 'lost', since: heardAt };
  if (state.heardAt === null) return { kind: 'connecting' };
  if (state.dataAgeMs === null) return { kind: 'no-data' };
  const dataAgeMs = state.dataAgeMs + (now - state.heardAt);
  if (dataAgeMs > STALE_AFTER_MS) return { kind: 'quiet', since: now - dataAgeMs };
  return { kind: 'live', dataAgeMs };
}

/** Whether a verdict of something that is going out may still look fresh. */
export function isStale(state: Freshness): boolean {
  return state.kind === 'lost' || state.kind === 'quiet';
}
