import {
  learnSeason,
  MOST_WEEKS,
  PLACEBO_HORIZONS,
  placeboTest,
  type PlaceboResult,
  shareOf,
  slotResiduals,
  toleranceOn,
  WEEK_HOURS,
} from '@belay/core/baseline';
import type { ChangeEffect, LiveEvent } from '@belay/protocol';
import { transaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import { readBadHours } from './bad-periods.ts';
import { changeSentence, effectSentence, togetherState, toneOf } from './change-words.ts';
import { completeThrough } from './evaluation.ts';
import { saveVerdict, type StoredChange, unseenChanges, watchedChanges } from './recorded-change-store.ts';
import { countingOf, harmfulOf } from './signal-definition.ts';
import { shownSignals } from './signal-queries.ts';
import { readHours } from './signal-state-store.ts';
import type { ShownSignal } from './signal-view.ts';
import { DAY_MS, HOUR_MS, SLOT_MS, type SignalsContext } from './signals-context.ts';

const LONGEST = PLACEBO_HORIZONS.at(-1) ?? 60;
/** A change told late is still judged; one of long ago is history. */
const JUDGED_FOR_MS = 30 * DAY_MS;
/** Alarms are raised at this share of harmless moments that look alike (statistics 4.3). */
const ALARM_P = 0.01;
const PLACEBO_WEEKS = 4;

/**
 * Tests every recorded change again whose next horizon is complete, and those that no signal told of yet: a change may be
 * told before the first signal of its service is there.
 */
export async function judgeChanges(context: SignalsContext): Promise<void> {
  const now = context.clock.now();
  const through = completeThrough(now);
  const since = now - JUDGED_FOR_MS;
  let signals: Promise<readonly ShownSignal[]> | undefined;
  for (const change of [
    ...(await watchedChanges(context.db, since, LONGEST)),
    ...(await unseenChanges(context.db, since, LONGEST)),
  ]) {
    const after = Math.ceil(change.at / SLOT_MS) * SLOT_MS;
    const minutes = PLACEBO_HORIZONS.findLast((horizon) => after + horizon * 60_000 <= through) ?? 0;
    if (minutes < change.minutes || (minutes === change.minutes && change.effects.length > 0)) continue;
    signals ??= shownSignals(context);
    const concerned = (await signals).filter(({ definition: { service } }) =>
      change.service === null ? service !== null : service === change.service,
    );
    if (minutes > change.minutes || concerned.length > 0) await judge(context, { change, minutes, concerned });
  }
}

interface Concerning {
  readonly change: StoredChange;
  readonly minutes: number;
  readonly concerned: readonly ShownSignal[];
}

async function judge(context: SignalsContext, { change, minutes, concerned }: Concerning): Promise<void> {
  const effects: ChangeEffect[] = [];
  for (const shown of concerned) effects.push(await effectOn(context, { shown, change, minutes }));
  const verdict = togetherState(effects.map(({ state }) => state));
  const judged: StoredChange = { ...change, minutes, verdict, effects };
  const isNews = verdict !== change.verdict && (verdict === 'worse' || verdict === 'different' || verdict === 'better');
  const isOver = minutes >= LONGEST && verdict !== 'watching' && !TELLING.has(change.verdict);
  const events = await transaction(context.db, async (trx) => {
    const told: LiveEvent[] = [];
    await saveVerdict(trx, judged);
    if (isNews || isOver) {
      const sentence = `${change.title}: ${changeSentence(judged)}`;
      const details = { changeId: change.id, service: change.service, minutes, verdict };
      const actor = { kind: 'machine', name: 'Belay', via: 'guard' } as const;
      told.push(
        ledgerEvent(
          await appendLedger(trx, {
            at: context.clock.now(),
            actor,
            kind: 'change.judged',
            sentence,
            tone: toneOf(verdict),
            details,
          }),
        ),
      );
    }
    return told;
  });
  for (const event of events) context.bus.publish(event);
}

/** States of which the ledger has told. */
const TELLING: ReadonlySet<string> = new Set(['worse', 'different', 'better']);

interface Judging {
  readonly shown: ShownSignal;
  readonly change: StoredChange;
  readonly minutes: number;
}

async function effectOn(context: SignalsContext, judging: Judging): Promise<ChangeEffect> {
  const { shown, change, minutes } = judging;
  const { definition, signal } = shown;
  const until = Math.ceil(change.at / SLOT_MS) * SLOT_MS + minutes * 60_000;
  const through = Math.floor(change.at / HOUR_MS);
  const oldest = through - MOST_WEEKS * WEEK_HOURS;
  const bad = (await readBadHours(context, oldest * HOUR_MS))(definition);
  const stored = await readHours(context.db, signal.pointsKey, oldest);
  const left = new Set(stored.flatMap(({ hour, excluded }) => (excluded && hour < through ? [hour] : [])));
  const isUsual = (hour: number): boolean => !left.has(hour) && (hour >= through - 1 || !bad.has(hour));
  const range = { fromMs: (through - PLACEBO_WEEKS * WEEK_HOURS) * HOUR_MS, toMs: until };
  const slots = (await context.points.read(signal.pointsKey, range)).filter(({ at }) =>
    isUsual(Math.floor(at / HOUR_MS)),
  );
  const history = {
    hours: stored.filter(({ hour }) => hour < through && isUsual(hour)),
    slots,
    through,
    counting: countingOf(definition),
    steps: shown.state.steps,
  };
  const learnt = learnSeason(history);
  const base = { signalId: signal.id, title: definition.title };
  if (learnt === null || slots.length === 0)
    return said({ ...base, state: 'no-data', p: null, placebos: 0, change: null, minutes: null });
  const result = placeboTest(slotResiduals(history, learnt), {
    changedAt: change.at,
    now: until,
    tolerance: toleranceOn(learnt.scale, definition.tolerance),
    harmful: 'both',
  });
  const distance = result.distance === null ? null : shareOf(learnt.scale, result.distance);
  const state = stateOf(result, judging, slots.at(-1)?.value ?? null);
  return said({ ...base, state, p: result.p, placebos: result.placebos, change: distance, minutes: result.at });
}

/** Without enough history only limits that are passed count. */
function stateOf(result: PlaceboResult, { shown, minutes }: Judging, value: number | null): ChangeEffect['state'] {
  const { definition } = shown;
  if (result.distance === null) return 'no-data';
  if (result.p === null) {
    const { critical, good } = definition;
    const isPast = critical !== null && value !== null && (good === 'higher' ? value < critical : value > critical);
    return isPast ? 'worse' : 'too-little-history';
  }
  if (result.p > ALARM_P) return minutes >= LONGEST ? 'no-change' : 'watching';
  const harmful = harmfulOf(definition);
  if (harmful === 'both') return 'different';
  return result.distance > 0 === (harmful === 'up') ? 'worse' : 'better';
}

function said(effect: Omit<ChangeEffect, 'sentence'>): ChangeEffect {
  return { ...effect, sentence: effectSentence(effect) };
}
