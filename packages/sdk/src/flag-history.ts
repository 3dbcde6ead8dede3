import type { GuardedResult } from '@belay/core/flag';
import type { Clock } from './clock.ts';
import type { OutcomeAccumulator, OutcomeSeries } from './outcome-accumulator.ts';
import { type RecentKeys, createFingerprint } from './recent-keys.ts';
import { type Unit, type UnitEnd, type UnitNote, currentUnit, noteOf, noteOnUnit } from './unit-scope.ts';

/** Counts units of flags that nobody rolls out now: the past that the next rollout is planned and judged with. */
export interface FlagHistory {
  note(flagKey: string, result: GuardedResult, targetingKey: string | undefined): void;
}

/** Most flags counted; a service that reads more has history for the first of them only. */
const maximumFlags = 200;

/** A history that has noted nothing yet. `failed` remembers which keys have failed lately. */
export function createFlagHistory(parts: {
  readonly clock: Clock;
  readonly outcomes: OutcomeAccumulator;
  readonly failed: RecentKeys;
  readonly revision: number;
}): FlagHistory {
  const flags = new Map<string, FlagPast>();
  return {
    note(flagKey, result, targetingKey) {
      const unit = currentUnit();
      if (unit === undefined || result.variant === undefined) return;
      let past = flags.get(flagKey);
      if (past === undefined) {
        if (flags.size >= maximumFlags) return;
        past = createFlagPast(parts, flagKey);
        flags.set(flagKey, past);
      }
      past.meet(unit, result.variant, targetingKey);
    },
  };
}

interface FlagPast {
  meet(unit: Unit, variant: string, targetingKey: string | undefined): void;
}

function createFlagPast(
  { clock, outcomes, failed, revision }: Parameters<typeof createFlagHistory>[0],
  flagKey: string,
): FlagPast {
  const fingerprintOf = createFingerprint(flagKey);
  const byVariant = new Map<string, OutcomeSeries>();
  const ended = ({ series, fingerprint }: UnitNote, unit: Unit, end: UnitEnd): void => {
    // Deduplicated as in a rollout, so that the past and the comparison speak of the same rate.
    const isFirst = end.failed && (fingerprint === undefined || failed.claim(fingerprint, clock.monotonic()));
    outcomes.addUnit(series, {
      durationMs: end.durationMs,
      bad: isFirst,
      badKeyKnown: fingerprint !== undefined,
      values: unit.values,
    });
  };
  return {
    meet(unit, variant, targetingKey) {
      if (noteOf(unit, flagKey) !== undefined) return;
      let series = byVariant.get(variant);
      if (series === undefined) {
        series = { rolloutId: '', flagKey, revision, variant, arm: 'randomised', side: undefined, group: -1 };
        byVariant.set(variant, series);
      }
      const fingerprint = targetingKey === undefined ? undefined : fingerprintOf(targetingKey);
      noteOnUnit(unit, { owner: flagKey, series, fingerprint, ended });
    },
  };
}
