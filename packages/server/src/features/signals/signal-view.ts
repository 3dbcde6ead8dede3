import {
  LEAST_WEEKS,
  MOST_WEEKS,
  resolvableDeviation,
  resolvableText,
  sayOfSignal,
  usualAt,
  bandText,
  valueText,
  watchLevel,
} from '@belay/core/baseline';
import type { Resolvable, SignalAlarm, SignalDetail, SignalView, UsualBand } from '@belay/protocol';
import { howText } from './how-text.ts';
import type { SignalDefinition } from './signal-definition.ts';
import type { StepValue } from './signal-points.ts';
import type { SignalState } from './signal-state-store.ts';
import type { StoredSignal } from './signal-store.ts';
import { HOUR_MS, SLOT_MS } from './signals-context.ts';

/** A signal with everything its line of a list shows. */
export interface ShownSignal {
  readonly signal: StoredSignal;
  readonly definition: SignalDefinition;
  readonly state: SignalState;
  readonly alarm: SignalAlarm | null;
}

export interface ViewMoment {
  readonly now: number;
  /** Last 24 hours in half hours. */
  readonly steps: readonly StepValue[];
}

/** What is older is no longer now: three slots. */
const FRESH_MS = 3 * SLOT_MS;
export const SPARK_STEP_MS = HOUR_MS / 2;
export const SPARK_STEPS = 48;

export function signalView(shown: ShownSignal, { now, steps }: ViewMoment): SignalView {
  const { signal, definition, state, alarm } = shown;
  const { unit, title, service, kind, good, dimension, owner, target, warning, critical } = definition;
  const current = currentOf(state, definition, now);
  const usual = usualNow(state, definition, now);
  const saying = sayingOf(shown, now);
  return {
    id: signal.id,
    version: signal.version,
    title,
    service,
    kind,
    unit,
    good,
    dimension,
    owner,
    origin: signal.origin,
    source: definition.source.type,
    target,
    warning,
    critical,
    current,
    usual: usual === null ? null : { ...usual, text: bandText(usual, unit) },
    ...saying,
    resolvable: resolvableOf(state, definition),
    sparkline: sparklineOf(steps, now),
    alarm,
    history: { since: state.firstAt, weeks: state.baseline?.weeks ?? 0 },
    problem: state.problem,
  };
}

export function signalDetail(shown: ShownSignal, moment: ViewMoment, alarms: readonly SignalAlarm[]): SignalDetail {
  return {
    ...signalView(shown, moment),
    definition: shown.signal.input,
    how: howText(shown.definition),
    baseline: baselineText(shown.state),
    alarms: [...alarms],
  };
}

/** The verdict in words; the same wherever a signal is told of. */
export function sayingOf({ definition, state }: Pick<ShownSignal, 'definition' | 'state'>, now: number) {
  const { episode } = state.watch;
  return sayOfSignal({
    unit: definition.unit,
    good: definition.good,
    value: currentOf(state, definition, now)?.value ?? null,
    seen: state.lastAt !== null,
    usual: usualNow(state, definition, now),
    warning: definition.warning,
    critical: definition.critical,
    weeks: state.baseline?.weeks ?? 0,
    episode:
      episode === null
        ? null
        : {
            direction: episode.direction,
            deviation: episode.deviation,
            lastedMs: Math.max(0, now - episode.startedAt),
          },
  });
}

/** The newest value, unless it is older than a quarter of an hour. */
export function currentOf(state: SignalState, { unit }: SignalDefinition, now: number): SignalView['current'] {
  const { lastAt, lastValue } = state;
  // A slot is complete five minutes after its start, and asked for a little later.
  if (lastAt === null || lastValue === null || now - (lastAt + SLOT_MS) > FRESH_MS) return null;
  return { at: lastAt, value: lastValue, text: valueText(lastValue, unit) };
}

export function usualNow(state: SignalState, definition: SignalDefinition, now: number): UsualBand | null {
  return usualOf(state, definition)?.((state.lastAt ?? now) + SLOT_MS / 2) ?? null;
}

/** The usual band by time; undefined before a day of history. */
export function usualOf(
  { baseline, watch, steps }: SignalState,
  definition: SignalDefinition,
): ((atMs: number) => UsualBand) | undefined {
  if (baseline === null || baseline.season.kind === 'level') return undefined;
  const level = watchLevel(watch, { baseline, tolerance: definition.tolerance, steps });
  return (atMs) => usualAt(baseline, level, atMs);
}

function resolvableOf({ baseline }: SignalState, { tolerance }: SignalDefinition): Resolvable | null {
  if (baseline === null || baseline.weeks < LEAST_WEEKS) return null;
  const within24h = resolvableDeviation(baseline, tolerance, 24);
  const within6h = resolvableDeviation(baseline, tolerance, 6);
  return { requested: tolerance, within24h, within6h, text: resolvableText(tolerance, within24h, within6h) };
}

function sparklineOf(steps: readonly StepValue[], now: number): SignalView['sparkline'] {
  const known = new Map(steps.map(({ at, value }) => [at, value]));
  const last = Math.floor(now / SPARK_STEP_MS) * SPARK_STEP_MS;
  return Array.from({ length: SPARK_STEPS }, (_, index) => {
    const at = last - (SPARK_STEPS - 1 - index) * SPARK_STEP_MS;
    return { at, value: known.get(at) ?? null };
  });
}

function baselineText({ baseline }: SignalState): string {
  if (baseline === null) return 'No history yet.';
  const weeks = Math.floor(baseline.weeks * 10) / 10;
  const span = baseline.weeks < 1 ? `${Math.max(1, Math.floor(baseline.weeks * 7))} days` : `${weeks} weeks`;
  const kinds = {
    'hour-of-week': 'each hour of the week has its own usual',
    'hour-of-day': 'each hour of the day has its own usual, apart for the weekend',
    level: 'one level for all hours',
  };
  const most = baseline.weeks >= MOST_WEEKS ? ', as far back as it looks' : '';
  const until = baseline.weeks < LEAST_WEEKS ? ' No alarm before two weeks.' : '';
  return `Learnt from ${span} of history${most}: ${kinds[baseline.season.kind]}.${until}`;
}
