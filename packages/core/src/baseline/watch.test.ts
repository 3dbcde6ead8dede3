import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  acceptEpisode,
  type Baseline,
  createNoise,
  fitBaseline,
  type HourValue,
  hourValueOf,
  learnSeason,
  placeboTest,
  slotResiduals,
  simulateService,
  type SlotValue,
  startWatch,
  watchHour,
  watchLevel,
  watchSlot,
  type WatchState,
} from './index.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MONDAY = Date.UTC(2026, 0, 5);
const WEEKS = 4;
const LEARNT = WEEKS * 168;

describe('watching a simulated service with four weeks of history (statistics 4.2)', () => {
  it('raises nothing for constant values, whatever they are', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (level) => {
        const slots = Array.from({ length: (WEEKS + 1) * 2016 }, (_, i) => ({
          at: MONDAY + i * 300_000,
          value: level,
          count: null,
        }));
        expect(watched(slots).episodes).toEqual([]);
      }),
      { seed: 1, numRuns: 3 },
    );
  });

  it('is in alarm less than once in 28 days over twelve harmless months', () => {
    let episodes = 0;
    for (let seed = 1; seed <= 12; seed += 1) episodes += watched(simulated(seed, 28)).episodes.length;
    expect(episodes).toBeLessThanOrEqual(3);
  }, 60_000);

  it.each([
    { shift: 0.1, found: 'drift', hours: 24 },
    { shift: -0.1, found: 'drift', hours: 24 },
    { shift: 0.5, found: 'jump', hours: 0.25 },
    { shift: -0.4, found: 'jump', hours: 0.5 },
  ])('finds $shift by $found within $hours h', ({ shift, found, hours }) => {
    const delays: number[] = [];
    for (let seed = 21; seed <= 27; seed += 1) {
      const [first] = watched(simulated(seed, 3, shift)).episodes;
      expect(first?.direction).toBe(shift > 0 ? 'up' : 'down');
      if (first?.found === found) delays.push((first.raisedAt - SHIFTED) / HOUR_MS);
    }
    expect(delays.length).toBeGreaterThanOrEqual(5);
    expect(delays.toSorted((a, b) => a - b)[Math.floor(delays.length / 2)]).toBeLessThanOrEqual(hours);
  });

  it('finds a drift of 5% within some days in most cases', () => {
    const found = [31, 32, 33, 34, 35, 36].filter((seed) => watched(simulated(seed, 7, 0.05)).episodes.length > 0);
    expect(found.length).toBeGreaterThanOrEqual(5);
  });

  it('keeps one episode while a deviation lasts, and ends it when the signal is back', () => {
    const back = SHIFTED + 36 * HOUR_MS;
    const slots = simulated(41, 7).map((slot) =>
      slot.at >= SHIFTED && slot.at < back ? { ...slot, value: slot.value * 1.25 } : slot,
    );
    const { episodes, endings } = watched(slots);
    expect(episodes).toHaveLength(1);
    expect(endings).toHaveLength(1);
    expect((endings[0] ?? 0) - back).toBeLessThan(12 * HOUR_MS);
    expect(endings[0]).toBeGreaterThan(back);
  });

  it('does not end an episode for a single odd hour', () => {
    const odd = SHIFTED + 30 * HOUR_MS;
    const slots = simulated(41, 3).map((slot) => {
      const factor = slot.at >= odd && slot.at < odd + HOUR_MS ? 0.78 : 1.2;
      return slot.at >= SHIFTED ? { ...slot, value: slot.value * factor } : slot;
    });
    const { state, baseline } = watched(slots.filter(({ at }) => at < odd));
    expect(state.episode).toMatchObject({ direction: 'up' });
    const hour = hoursOf(slots).find((value) => value.hour === odd / HOUR_MS) as HourValue;
    const step = watchHour(state, hour, { baseline, tolerance: 0.02 });
    expect(step).toMatchObject({ news: null, state: { episode: { direction: 'up' } } });
    expect(step.state.up).toBeGreaterThan(2.5);
  });

  it('does not learn the level from a deviation that is going on', () => {
    const { state, baseline } = watched(simulated(42, 6, 0.2));
    expect(state.episode).not.toBeNull();
    expect(watchLevel(state, { baseline, tolerance: 0.02 })).toBeCloseTo(baseline.level, 1);
  });

  it('lets an accepted episode go, and ignores values it has seen', () => {
    const { state, baseline, hours } = watched(simulated(42, 6, 0.2));
    const accepted = acceptEpisode(state);
    expect(accepted).toMatchObject({ episode: null, up: 0, down: 0 });
    const again = watchHour(accepted, hours.at(-1) as HourValue, { baseline, tolerance: 0.02 });
    expect(again).toEqual({ state: accepted, news: null });
  });

  it('leaves excluded hours out', () => {
    const { state, baseline } = watched(simulated(43, 1));
    const next = { hour: (state.lastHour ?? 0) + 1, value: 9999, count: null };
    expect(watchHour(state, next, { baseline, tolerance: 0.02, isExcluded: true }).state).toBe(state);
  });

  it('carries on from stored state as if it had never stopped', () => {
    const slots = simulated(44, 4, 0.1);
    expect(watched(slots, true)).toEqual(watched(slots));
  });
});

describe('watching sparse failures', () => {
  it('takes neither quiet hours nor chance for a change: no alarm in a harmless year of a few failures an hour', () => {
    expect(sparse(1).filter(({ raisedAt }) => raisedAt < SHIFTED + 11 * 28 * DAY_MS).length).toBeLessThanOrEqual(4);
  });

  it('finds five times as many within hours', () => {
    const late = sparse(5).filter(({ raisedAt }) => raisedAt >= SHIFTED + 11 * 28 * DAY_MS);
    expect(late[0]).toMatchObject({ direction: 'up' });
    expect((late[0]?.raisedAt ?? Infinity) - SHIFTED - 11 * 28 * DAY_MS).toBeLessThanOrEqual(8 * HOUR_MS);
  });

  /** Hours of 480 requests by day and 60 by night, 1% of which fail; in the last two days `factor` times as many. */
  function sparse(factor: number) {
    const noise = createNoise(9);
    const days = WEEKS * 7 + 11 * 28 + 2;
    const hours = Array.from({ length: days * 24 }, (_, index): HourValue => {
      const count = index % 24 < 8 ? 60 : 480;
      const rate = index >= (days - 2) * 24 ? 0.01 * factor : 0.01;
      let bad = 0;
      for (let unit = 0; unit < count; unit += 1) if (noise.uniform() < rate) bad += 1;
      return { hour: MONDAY / HOUR_MS + index, value: (100 * (bad + 0.5)) / (count + 1), count };
    });
    const baseline = fitBaseline({
      hours: hours.slice(0, LEARNT),
      slots: [],
      through: SHIFTED / HOUR_MS,
      counting: 'ratio',
    });
    if (baseline === null) throw new TypeError('four weeks have a baseline');
    let state: WatchState = { ...startWatch(), hours: hours.slice(LEARNT - 168, LEARNT) };
    return hours.slice(LEARNT).flatMap((value) => {
      const step = watchHour(state, value, { baseline, tolerance: 0.02 });
      state = step.state;
      return step.news === 'started' && state.episode !== null ? [state.episode] : [];
    });
  }
});

describe('the placebo test at a known time (statistics 4.3)', () => {
  it.each([
    { shift: 0.2, minutes: 15, p: 0.01 },
    { shift: 0.1, minutes: 60, p: 0.05 },
  ])('finds $shift', ({ shift, minutes, p }) => {
    const found = [1, 2, 3, 4, 5].filter((seed) => (tested(seed, shift, minutes).p ?? 1) <= p);
    expect(found.length).toBeGreaterThanOrEqual(4);
  });

  it('errs in at most one of thirty harmless changes at p <= .01', () => {
    const wrong = Array.from({ length: 30 }, (_, seed) => tested(100 + seed, 0, 60).p ?? 1).filter((p) => p <= 0.01);
    expect(wrong.length).toBeLessThanOrEqual(1);
  });

  it('says nothing with less than a week of history, and waits for its horizons', () => {
    expect(tested(7, 0.5, 60, 5)).toMatchObject({ p: null });
    expect(tested(7, 0.5, 4)).toMatchObject({ p: null, minutes: 0, distance: null });
    expect(tested(7, 0.5, 31).minutes).toBe(30);
  });

  it('does not depend on the order of the history', () => {
    const residuals = residualsOf(8, 0.1);
    const options = { changedAt: CHANGED, now: CHANGED + HOUR_MS, tolerance: 0.02, harmful: 'up' } as const;
    expect(placeboTest(residuals.toReversed(), options)).toEqual(placeboTest(residuals, options));
  });

  /** Ten in the morning: at midnight a day of its own begins. */
  const CHANGED = SHIFTED + 10 * HOUR_MS;

  function tested(seed: number, shift: number, minutes: number, days = WEEKS * 7) {
    const now = CHANGED + minutes * 60_000;
    const residuals = residualsOf(seed, shift).filter(({ at }) => at >= CHANGED - days * 24 * HOUR_MS && at < now);
    return placeboTest(residuals, { changedAt: CHANGED, now, tolerance: Math.log(1.02), harmful: 'up' });
  }

  function residualsOf(seed: number, shift: number) {
    const slots = simulateService({
      seed,
      from: MONDAY,
      slots: (WEEKS * 7 + 1) * 288,
      level: 120,
      shift,
      shiftAt: CHANGED,
    });
    const history = { hours: hoursOf(slots), slots, through: SHIFTED / HOUR_MS, counting: 'none' } as const;
    const season = learnSeason(history);
    return season === null ? [] : slotResiduals(history, season);
  }
});

const SHIFTED = MONDAY + LEARNT * HOUR_MS;

function simulated(seed: number, days: number, shift = 0): SlotValue[] {
  const slots = (WEEKS * 7 + days) * 288;
  return simulateService({ seed, from: MONDAY, slots, level: 120, shift, shiftAt: SHIFTED });
}

function hoursOf(slots: readonly SlotValue[]): HourValue[] {
  return [...Map.groupBy(slots, ({ at }) => Math.floor(at / HOUR_MS))].flatMap(([hour, own]) => {
    const value = hourValueOf(hour, own, 'none');
    return value === null ? [] : [value];
  });
}

function learnt(slots: readonly SlotValue[]): Baseline {
  const known = slots.filter(({ at }) => at < SHIFTED);
  const baseline = fitBaseline({ hours: hoursOf(known), slots: known, through: SHIFTED / HOUR_MS, counting: 'none' });
  if (baseline === null) throw new TypeError('four weeks have a baseline');
  return baseline;
}

/** Everything after the history, slot by slot and hour by hour, as the server does it. */
function watched(slots: readonly SlotValue[], isStored = false) {
  const baseline = learnt(slots);
  const hours = hoursOf(slots);
  const options = { baseline, tolerance: 0.02 };
  let state: WatchState = { ...startWatch(), hours: hours.slice(LEARNT - 168, LEARNT) };
  const episodes: NonNullable<WatchState['episode']>[] = [];
  const endings: number[] = [];
  const note = (step: ReturnType<typeof watchSlot>, at: number): void => {
    state = isStored ? (JSON.parse(JSON.stringify(step.state)) as WatchState) : step.state;
    if (step.news === 'started' && state.episode !== null) episodes.push(state.episode);
    if (step.news === 'ended') endings.push(at);
  };
  const slotsOf = Map.groupBy(slots, ({ at }) => Math.floor(at / HOUR_MS));
  for (const value of hours.slice(LEARNT)) {
    for (const slot of slotsOf.get(value.hour) ?? []) note(watchSlot(state, slot, options), slot.at);
    note(watchHour(state, value, options), (value.hour + 1) * HOUR_MS);
  }
  return { state, baseline, hours, episodes, endings };
}
