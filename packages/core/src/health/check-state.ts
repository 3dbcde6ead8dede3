import { defaultNoiseRules, type NoiseRules } from './noise-rules.ts';

/** A clock that goes back by more than this was set. */
const CLOCK_SET_MS = 60_000;

/** What a check is held to be: `pending` before its first result that tells anything. */
export type CheckStatus = 'pending' | 'up' | 'down' | 'flapping';

/** One run of a check. */
export interface CheckResult {
  /**
   * Unix time in milliseconds; a clock that went back is read as standing still, and by more than a minute as one that
   * was set: what is remembered moves with it.
   */
  readonly at: number;
  readonly ok: boolean;
  /** Stable word for what is wrong, e.g. `timeout` or `status-502`; `null` when it is fine. */
  readonly cause: string | null;
}

/** Everything that is remembered of a check; plain JSON, so that it survives a restart. */
export interface CheckState {
  readonly status: CheckStatus;
  /** Since when the status holds; Unix ms, 0 before the first result. */
  readonly since: number;
  readonly lastAt: number;
  /** The latest results, oldest first: `P` passed, `F` failed. */
  readonly recent: string;
  /** Equal results in a row at the end of `recent`, and when the first of them came. */
  readonly run: number;
  readonly runSince: number;
  /** The last two equal results in a row, and when they began: what it is when single results do not count. */
  readonly steadyOk: boolean;
  readonly steadySince: number;
  /** When it last relapsed in a way that is flapping; 0 when never. */
  readonly relapsedAt: number;
  /** Times of confirmed changes between up and down that may still count. */
  readonly changes: readonly number[];
  /** What was wrong when the present trouble began; it stays for the whole of it. `null` while up. */
  readonly cause: string | null;
}

/** A check that never ran. */
export const newCheckState: CheckState = {
  status: 'pending',
  since: 0,
  lastAt: 0,
  recent: '',
  run: 0,
  runSince: 0,
  steadyOk: true,
  steadySince: 0,
  relapsedAt: 0,
  changes: [],
  cause: null,
};

/** The state after one more result. Pure: the same results give the same state, before and after a restart. */
export function observe(state: CheckState, result: CheckResult, rules: NoiseRules = defaultNoiseRules): CheckState {
  const seen = withResult(withClock(state, result.at), result, rules);
  const status = nextStatus(seen, result.ok, rules);
  const isTrouble = status === 'down' || status === 'flapping';
  if (status === state.status) return seen;
  const isConfirmed = state.status !== 'pending' && (status === 'up' || status === 'down');
  return {
    ...seen,
    status,
    since: seen.lastAt,
    // What is over is over: a single failure after an outage is no flapping. Repeated outages are, by `changes`.
    recent: status === 'up' ? seen.recent.slice(-seen.run) : seen.recent,
    changes: isConfirmed ? [...seen.changes, seen.lastAt] : seen.changes,
    cause: isTrouble ? (state.cause ?? result.cause ?? 'failed') : null,
  };
}

/** Whether it fails at the moment without being down yet. */
export function isSuspect(state: CheckState): boolean {
  return (state.status === 'up' || state.status === 'pending') && state.recent.endsWith('F');
}

/** Since when its results are bad; `null` when the last one was good. Unix ms. */
export function failingSince(state: CheckState): number | null {
  return state.recent.endsWith('F') ? state.runSince : null;
}

/**
 * How long to wait for the next run, in milliseconds: sooner while a result is to be confirmed, so that an outage of a
 * check that runs every five minutes is known within a minute and a half of its first failure.
 */
export function nextRunMs(state: CheckState, everyMs: number): number {
  const isOpen = isSuspect(state) || (state.status === 'down' && state.recent.endsWith('P'));
  return isOpen ? Math.min(everyMs, 20_000) : everyMs;
}

/** A clock that is set back must not make the state stand still until it has caught up. */
function withClock(state: CheckState, at: number): CheckState {
  const backMs = state.lastAt - at;
  if (backMs <= CLOCK_SET_MS) return state;
  const moved = (time: number): number => (time === 0 ? 0 : time - backMs);
  return {
    ...state,
    since: moved(state.since),
    lastAt: at,
    runSince: moved(state.runSince),
    steadySince: moved(state.steadySince),
    relapsedAt: moved(state.relapsedAt),
    changes: state.changes.map(moved),
  };
}

function withResult(state: CheckState, { at: time, ok }: CheckResult, rules: NoiseRules): CheckState {
  const at = Math.max(time, state.lastAt);
  const isForgotten = state.lastAt > 0 && at - state.lastAt > rules.forgetMs;
  const before = isForgotten ? '' : state.recent;
  const letter = ok ? 'P' : 'F';
  const isSame = before.endsWith(letter);
  const recent = (before + letter).slice(-rules.window);
  const run = isSame ? state.run + 1 : 1;
  const runSince = isSame ? state.runSince : at;
  const isTurned = run >= 2 && state.steadyOk !== ok;
  return {
    ...state,
    lastAt: at,
    recent,
    run,
    runSince,
    steadyOk: isTurned ? ok : state.steadyOk,
    steadySince: isTurned || state.lastAt === 0 ? runSince : state.steadySince,
    relapsedAt: run === 1 && !ok && isRelapse(state.status, recent, rules) ? at : state.relapsedAt,
    changes: state.changes.filter((change) => at - change < rules.restlessMs),
  };
}

function nextStatus(state: CheckState, ok: boolean, rules: NoiseRules): CheckStatus {
  const { status, run, runSince, lastAt } = state;
  const lasted = lastAt - runSince;
  if (status === 'flapping') return isStable(state, ok, rules) ? (ok ? 'up' : 'down') : 'flapping';
  const isDown = !ok && (run >= rules.failsBeforeDown || (run >= 2 && lasted >= rules.downAfterMs));
  if (isDown && status !== 'down') return isRestless(state, rules) ? 'flapping' : 'down';
  // Only a relapse makes it flapping: an outage that ends, or goes on, is what it is however restless it was before.
  if (!ok) return state.relapsedAt === lastAt ? 'flapping' : status;
  if (status !== 'down') return 'up';
  const needed = Math.min(rules.mostGoodBeforeUp, rules.goodBeforeUp + Math.floor(transitions(state.recent) / 2));
  return run >= needed && lasted >= rules.upAfterMs ? 'up' : 'down';
}

/** Nothing but single results has gone the other way for long enough. */
function isStable(
  { steadyOk, steadySince, relapsedAt, run, lastAt }: CheckState,
  ok: boolean,
  rules: NoiseRules,
): boolean {
  return steadyOk === ok && run >= 2 && lastAt - Math.max(steadySince, relapsedAt) >= rules.stableMs;
}

/** One more confirmed change would be one too many. */
function isRestless({ changes }: CheckState, { restlessChanges }: NoiseRules): boolean {
  return changes.length + 1 >= restlessChanges;
}

/** What is flapping already stays so by less than what makes it flapping. */
function isRelapse(status: CheckStatus, recent: string, rules: NoiseRules): boolean {
  return status === 'flapping' ? transitions(recent) >= rules.flappingTransitions : isFlapping(recent, rules);
}

function isFlapping(recent: string, { flappingTransitions, flappingEither }: NoiseRules): boolean {
  if (transitions(recent) < flappingTransitions) return false;
  let fails = 0;
  for (const letter of recent) if (letter === 'F') fails += 1;
  return Math.min(fails, recent.length - fails) >= flappingEither;
}

function transitions(recent: string): number {
  let count = 0;
  for (let at = 1; at < recent.length; at += 1) if (recent[at] !== recent[at - 1]) count += 1;
  return count;
}
