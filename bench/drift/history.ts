import {
  fitBaseline,
  type Baseline,
  type HourValue,
  hourValueOf,
  simulateService,
  type SlotValue,
} from '@belay/core/baseline';

export const HOUR = 3_600_000;
export const MONDAY = Date.UTC(2026, 0, 5);
export const WEEK_HOURS = 168;

/** A simulated service: some weeks to learn from, then hours to judge, with a shift from the first of them on. */
export interface Story {
  readonly seed: number;
  readonly weeks: number;
  readonly hoursAfter: number;
  readonly shift?: number;
  /** Hours after the learnt weeks at which it shifts; default 0. */
  readonly shiftAfter?: number;
}

/** What a story looks like to Belay: its values of five minutes and of hours. */
export interface Told {
  readonly slots: readonly SlotValue[];
  readonly hours: readonly HourValue[];
  readonly learntHours: number;
  readonly shiftAt: number;
}

export function tell({ seed, weeks, hoursAfter, shift = 0, shiftAfter = 0 }: Story): Told {
  const learntHours = weeks * WEEK_HOURS;
  const shiftAt = MONDAY + (learntHours + shiftAfter) * HOUR;
  const slots = simulateService({
    seed,
    from: MONDAY,
    slots: (learntHours + hoursAfter) * 12,
    level: 120,
    shift,
    shiftAt,
  });
  return { slots, hours: hoursOf(slots), learntHours, shiftAt };
}

/** The baseline of the learnt weeks; null without any. */
export function baselineOf({ slots, hours, learntHours }: Told): Baseline | null {
  return fitBaseline({ hours, slots, through: MONDAY / HOUR + learntHours, counting: 'none' });
}

export function hoursOf(slots: readonly SlotValue[]): HourValue[] {
  return [...Map.groupBy(slots, ({ at }) => Math.floor(at / HOUR))].flatMap(
    ([hour, own]) => hourValueOf(hour, own, 'none') ?? [],
  );
}
