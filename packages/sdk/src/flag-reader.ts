import {
  type CompiledOverlay,
  type EvaluateOptions,
  type FlagValueType,
  type GuardedResult,
  evaluateGuarded,
} from '@belay/core/flag';
import type { Clock } from './clock.ts';
import { type FlagHistory, createFlagHistory } from './flag-history.ts';
import type { OutcomeAccumulator, OutcomeSeries } from './outcome-accumulator.ts';
import { createRecentKeys, createFingerprint } from './recent-keys.ts';
import {
  type RolloutWatch,
  type RolloutWatches,
  failureWindowMs,
  rememberedKeys,
  watchState,
} from './rollout-watch.ts';
import type { FlagState } from './snapshot-decoder.ts';
import { type Unit, type UnitEnd, type UnitNote, currentUnit, noteOf, noteOnUnit } from './unit-scope.ts';

/** Evaluates flags and notes who met which variant. */
export interface FlagReader {
  /** Serves another state from now on. */
  use(state: FlagState): void;
  /** The result, and whether a lapsed lease or a trip stood in for the new variant. Undefined without any flags. */
  read(key: string, context: Context, type: FlagValueType): FlagReading | undefined;
}

/** Whom a flag is read for: `targetingKey` and whatever rules look at. */
export type Context = Readonly<Record<string, unknown>> | null | undefined;

/** One evaluation. `result.value` is undefined where the caller's default must be served. */
export interface FlagReading {
  readonly result: GuardedResult;
  readonly isStandIn: boolean;
}

/** What a reader needs. `onTrip` is called once, the moment a rollout is cut in this process. */
export interface FlagReaderParts {
  readonly clock: Clock;
  readonly watches: RolloutWatches;
  readonly outcomes: OutcomeAccumulator;
  readonly onTrip: (watch: RolloutWatch) => void;
}

/** A reader that has no flags yet. */
export function createFlagReader(parts: FlagReaderParts): FlagReader {
  const { clock, outcomes, watches } = parts;
  const failed = createRecentKeys(rememberedKeys, failureWindowMs);
  let state: FlagState | undefined;
  let guards = new Map<string, Guard>();
  let history: FlagHistory | undefined;
  return {
    use(next) {
      state = next;
      guards = new Map();
      history = createFlagHistory({ clock, outcomes, failed, revision: next.revision });
      for (const [flagKey, overlay] of next.overlays.byFlag) {
        guards.set(
          flagKey,
          createGuard(parts, { overlay, watch: watches.of(overlay.overlay), revision: next.revision }),
        );
      }
    },
    read(key, context, type) {
      if (state === undefined) return undefined;
      const subject = subjectOf(context);
      // A rule may ask for the time; it is cheaper to have it than to find out.
      const seconds = Math.floor(clock.now() / 1000);
      const options: EvaluateOptions = { timestamp: seconds, type };
      const result = evaluateGuarded(state.set, state.overlays, key, subject, options);
      const guard = result.rolloutId === undefined ? undefined : guards.get(key);
      if (guard === undefined) {
        history?.note(key, result, subject.targetingKey);
        return { result, isStandIn: false };
      }
      return guard.admit(result, subject.targetingKey);
    },
  };
}

interface Guard {
  admit(result: GuardedResult, targetingKey: string | undefined): FlagReading;
}

interface GuardParts {
  readonly overlay: CompiledOverlay;
  readonly watch: RolloutWatch;
  readonly revision: number;
}

function createGuard({ clock, outcomes, onTrip }: FlagReaderParts, { overlay, watch, revision }: GuardParts): Guard {
  const seriesOf = createSeriesIndex(overlay, revision);
  const fingerprintOf = createFingerprint(watch.rolloutId);
  const standIn: FlagReading = { result: overlay.unkeyed, isStandIn: true };

  const ended = ({ series, fingerprint }: UnitNote, unit: Unit, end: UnitEnd): void => {
    const isFirst = end.failed && (fingerprint === undefined || watch.failed.claim(fingerprint, clock.monotonic()));
    outcomes.addUnit(series, {
      durationMs: end.durationMs,
      bad: isFirst,
      badKeyKnown: fingerprint !== undefined,
      values: unit.values,
    });
    // A unit key that fails again and again is one piece of evidence, not many.
    if (series.arm !== 'randomised' || series.side === undefined || (end.failed && !isFirst)) return;
    const hadTripped = watch.trip.reason !== undefined;
    watch.trip.add(series.side, end.failed, unit.describe ?? (() => unit.name));
    if (!hadTripped && watch.trip.reason !== undefined) onTrip(watch);
  };

  return {
    admit(result, targetingKey) {
      if (result.arm === undefined) return { result, isStandIn: false };
      const isServing = watchState(watch, clock.monotonic()) === 'serving';
      // Not counted on either side: it belongs to the new variant, but has not met it.
      if (!isServing && result.side === 'canary') return standIn;
      const fingerprint = targetingKey === undefined ? undefined : fingerprintOf(targetingKey);
      const series = seriesOf(result);
      // While the new variant is not served, first exposures of the old one would look like an uneven split.
      if (isServing && (fingerprint === undefined || watch.exposed.claim(fingerprint, 0))) outcomes.addExposure(series);
      const unit = currentUnit();
      if (unit === undefined) return { result, isStandIn: false };
      // The watch outlives a change of revision, so a unit that meets the flag before and after counts once.
      const met = noteOf(unit, watch);
      if (met === undefined || (met.series.side !== 'canary' && series.side === 'canary')) {
        noteOnUnit(unit, { owner: watch, series, fingerprint, ended });
      }
      return { result, isStandIn: false };
    },
  };
}

/** The series of a result: control by group, everything else as a whole. */
function createSeriesIndex({ overlay }: CompiledOverlay, revision: number): (result: GuardedResult) => OutcomeSeries {
  const byResult = new WeakMap<GuardedResult, OutcomeSeries>();
  const byName = new Map<string, OutcomeSeries>();
  return (result) => {
    const known = byResult.get(result);
    if (known !== undefined) return known;
    const arm = result.arm ?? 'forced';
    const group = result.side === 'control' && arm === 'randomised' ? (result.group ?? -1) : -1;
    const name = `${arm} ${result.side ?? ''} ${group} ${result.variant ?? ''}`;
    const series: OutcomeSeries = byName.get(name) ?? {
      rolloutId: overlay.rolloutId,
      flagKey: overlay.flagKey,
      revision,
      variant: result.variant ?? '',
      arm,
      side: result.side,
      group,
    };
    byName.set(name, series);
    byResult.set(result, series);
    return series;
  };
}

type Subject = Readonly<Record<string, unknown>> & { readonly targetingKey: string | undefined };

/** The context as rules read it. Without a targeting key the unit of work says whose it is. */
function subjectOf(context: Context): Subject {
  if (hasKey(context)) return context;
  const targetingKey = currentUnit()?.keyOf?.();
  return { ...context, targetingKey: isKey(targetingKey) ? targetingKey : undefined };
}

function hasKey(context: Context): context is Subject {
  return isKey(context?.['targetingKey']);
}

function isKey(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
