import {
  acceptEpisode,
  type Baseline,
  type Episode,
  fitBaseline,
  hourValueOf,
  LEAST_WEEKS,
  levelOf,
  MOST_WEEKS,
  type SlotValue,
  stepped,
  toScale,
  WEEK_HOURS,
  watchHour,
  watchLevel,
  type WatchOptions,
  watchSlot,
  type WatchStep,
} from '@belay/core/baseline';
import { countingOf, type SignalDefinition } from './signal-definition.ts';
import type { SignalState, StoredHour } from './signal-state-store.ts';
import { DAY_MS, HOUR_MS, SLOT_MS } from './signals-context.ts';

/** What folding values came to. */
export interface Folded {
  readonly state: SignalState;
  /** Hours to be stored, newer ones over older ones. */
  readonly hours: readonly StoredHour[];
  readonly events: readonly FoldEvent[];
}

export type FoldEvent =
  | { readonly kind: 'started'; readonly episode: Episode }
  | { readonly kind: 'ended'; readonly at: number; readonly ending: 'back-to-usual' | 'accepted' };

export interface Folding {
  readonly definition: SignalDefinition;
  /** All values from the first hour that is not folded yet on, oldest first. */
  readonly slots: readonly SlotValue[];
  /** Time through which there can be no further values. */
  readonly through: number;
  /** Time that the evaluation will reach: history long before it needs no new baseline a day. */
  readonly until: number;
  readonly badHours: ReadonlySet<number>;
  /** Stored hours of the last eight weeks, and values of five minutes since a time, for learning. */
  readonly readHours: () => Promise<readonly StoredHour[]>;
  readonly readSlots: (fromMs: number, toMs: number) => Promise<readonly SlotValue[]>;
}

/** History older than this is caught up with in larger steps. */
const CATCH_UP_MS = 4 * DAY_MS;
const CATCH_UP_HOURS = 96;
/** What lasts two weeks is the usual. */
const ACCEPTED_AFTER_MS = 14 * DAY_MS;
/** Weeks of values that tell the noise of minutes. */
const SLOT_WEEKS = 4;

/**
 * Folds values into what is known of a signal, in the order of time: minutes into the fast path, whole hours into the
 * CUSUM, and once a day everything into a new baseline. A pure function of stored values but for reading them.
 */
export async function foldSlots(before: SignalState, folding: Folding): Promise<Folded> {
  const draft = new FoldDraft(before, folding);
  const first = folding.slots[0];
  const firstHour = first === undefined ? null : Math.floor(first.at / HOUR_MS);
  let hour = before.hoursThrough === 0 ? firstHour : before.hoursThrough;
  const lastHour = Math.floor(folding.through / HOUR_MS);
  const byHour = Map.groupBy(folding.slots, ({ at }) => Math.floor(at / HOUR_MS));
  for (; hour !== null && hour < lastHour; hour += 1) {
    const own = byHour.get(hour) ?? [];
    for (const slot of own) draft.slot(slot);
    draft.hour(hour, own);
    await draft.acceptWhatLasts((hour + 1) * HOUR_MS);
    await draft.learnWhenDue(hour + 1);
  }
  for (const slot of byHour.get(lastHour) ?? []) draft.slot(slot);
  return draft.result(hour ?? 0);
}

/** One pass over the values; changes its own state only. */
class FoldDraft {
  readonly #folding: Folding;
  readonly #hours = new Map<number, StoredHour>();
  readonly #events: FoldEvent[] = [];
  #state: SignalState;
  #stored: Map<number, StoredHour> | undefined;

  constructor(state: SignalState, folding: Folding) {
    this.#state = state;
    this.#folding = folding;
  }

  slot(slot: SlotValue): void {
    const { lastAt, firstAt } = this.#state;
    if (lastAt === null || slot.at > lastAt) {
      this.#state = { ...this.#state, firstAt: firstAt ?? slot.at, lastAt: slot.at, lastValue: slot.value };
    }
    const options = this.#watching();
    if (options !== null) this.#take(watchSlot(this.#state.watch, slot, options), slot.at + SLOT_MS);
  }

  hour(hour: number, slots: readonly SlotValue[]): void {
    const value = hourValueOf(hour, slots, countingOf(this.#folding.definition));
    if (value === null) return;
    const isBad = this.#folding.badHours.has(hour);
    const options = this.#watching();
    if (options !== null)
      this.#take(watchHour(this.#state.watch, value, { ...options, isExcluded: isBad }), (hour + 1) * HOUR_MS);
    this.#hours.set(hour, { ...value, excluded: isBad || this.#state.watch.episode !== null });
  }

  async acceptWhatLasts(at: number): Promise<void> {
    const { episode } = this.#state.watch;
    if (episode === null || at - episode.raisedAt < ACCEPTED_AFTER_MS) return;
    const since = Math.floor(episode.startedAt / HOUR_MS);
    const hours = [...(await this.#allHours()).values()].filter(({ hour }) => hour >= since);
    this.#state = acceptedState(this.#state, hours);
    for (const value of hours) this.#hours.set(value.hour, { ...value, excluded: false });
    this.#events.push({ kind: 'ended', at, ending: 'accepted' });
  }

  async learnWhenDue(through: number): Promise<void> {
    const { baseline } = this.#state;
    const age = baseline === null ? Infinity : through - baseline.fittedAt;
    const isOld = through * HOUR_MS < this.#folding.until - CATCH_UP_MS;
    if (age < (isOld ? CATCH_UP_HOURS : dueAfter(baseline)) || (baseline === null && this.#hours.size === 0)) return;
    await this.#learn(through);
  }

  result(hoursThrough: number): Folded {
    return {
      state: {
        ...this.#state,
        hoursThrough: Math.max(this.#state.hoursThrough, hoursThrough),
        evaluatedThrough: this.#folding.through,
        problem: null,
      },
      hours: [...this.#hours.values()],
      events: this.#events,
    };
  }

  #watching(): WatchOptions | null {
    const { baseline, steps } = this.#state;
    const { definition } = this.#folding;
    if (baseline === null || baseline.weeks < LEAST_WEEKS || !definition.alarm) return null;
    return { baseline, tolerance: definition.tolerance, steps };
  }

  #take({ state, news }: WatchStep, at: number): void {
    const had = this.#state.watch.episode;
    this.#state = { ...this.#state, watch: state };
    if (news === 'ended' || (news === 'started' && had !== null))
      this.#events.push({ kind: 'ended', at, ending: 'back-to-usual' });
    if (news !== 'started' || state.episode === null) return;
    this.#events.push({ kind: 'started', episode: state.episode });
    const since = Math.floor(state.episode.startedAt / HOUR_MS);
    for (const [hour, value] of this.#hours) if (hour >= since) this.#hours.set(hour, { ...value, excluded: true });
  }

  async #allHours(): Promise<ReadonlyMap<number, StoredHour>> {
    this.#stored ??= new Map((await this.#folding.readHours()).map((value) => [value.hour, value]));
    for (const [hour, value] of this.#hours) this.#stored.set(hour, value);
    return this.#stored;
  }

  async #learn(through: number): Promise<void> {
    const all = await this.#allHours();
    const since = this.#events.findLast(({ kind }) => kind === 'started');
    const bad =
      since?.kind === 'started' && this.#state.watch.episode !== null
        ? Math.floor(since.episode.startedAt / HOUR_MS)
        : Infinity;
    const hours = [...all.values()].filter(
      ({ hour, excluded }) =>
        !excluded && hour < bad && hour >= through - MOST_WEEKS * WEEK_HOURS && !this.#folding.badHours.has(hour),
    );
    const slots = await this.#folding.readSlots((through - SLOT_WEEKS * WEEK_HOURS) * HOUR_MS, through * HOUR_MS);
    const baseline = learnBaseline({
      definition: this.#folding.definition,
      hours,
      slots,
      through,
      steps: this.#state.steps,
    });
    if (baseline !== null) this.#state = { ...this.#state, baseline };
  }
}

/** Hours after which a baseline is learnt anew: the younger it is, the more a few hours add. */
function dueAfter(baseline: Baseline | null): number {
  if (baseline === null || baseline.weeks < 2 / 7) return 1;
  return baseline.weeks < LEAST_WEEKS ? 6 : 24;
}

/** A baseline of hours that are not excluded; the minutes of excluded hours tell nothing either. */
export function learnBaseline(facts: {
  readonly definition: SignalDefinition;
  readonly hours: readonly StoredHour[];
  readonly slots: readonly SlotValue[];
  readonly through: number;
  readonly steps: SignalState['steps'];
}): Baseline | null {
  const known = new Set(facts.hours.map(({ hour }) => hour));
  return fitBaseline({
    hours: facts.hours.map(({ hour, value, count }) => ({ hour, value, count })),
    slots: facts.slots.filter(({ at }) => known.has(Math.floor(at / HOUR_MS))),
    through: facts.through,
    counting: countingOf(facts.definition),
    steps: facts.steps,
  });
}

/** The state once the present is the new usual: what came before is moved by the median of the hours since. */
export function acceptedState(state: SignalState, hoursSince: readonly StoredHour[]): SignalState {
  const { baseline, watch, steps } = state;
  if (baseline === null || watch.episode === null) return state;
  const since = Math.floor(watch.episode.startedAt / HOUR_MS);
  const level = watchLevel(watch, { baseline, tolerance: 0, steps });
  const points = hoursSince
    .filter(({ hour }) => hour >= since)
    .map(({ hour, value }) => ({ hour, position: stepped(toScale(baseline.scale, value), hour, steps) }));
  const by = (levelOf(points, baseline.season) ?? level) - level;
  return {
    ...state,
    steps: [...steps, { hour: since, by }],
    watch: acceptEpisode(watch),
    baseline: { ...baseline, level: baseline.level + by },
  };
}
