import { BelayError, isBelayError } from '@belay/core';
import { alarmSentence, MOST_WEEKS, senseOf, type SlotValue, WEEK_HOURS } from '@belay/core/baseline';
import type { LiveEvent } from '@belay/protocol';
import { type DatabaseTransaction, transaction } from '../../platform/sqlite/database.ts';
import { announceAlarms, tellOfEndings } from './alarm-messages.ts';
import { endAlarms, insertAlarm } from './alarm-store.ts';
import { type BadHours, readBadHours } from './bad-periods.ts';
import { type Folded, foldSlots } from './fold-slots.ts';
import { resolveSignal } from './resolve-signal.ts';
import type { SignalDefinition } from './signal-definition.ts';
import {
  excludeHours,
  readHours,
  readStates,
  saveHours,
  saveState,
  startState,
  type SignalState,
} from './signal-state-store.ts';
import { listSignals, type StoredSignal } from './signal-store.ts';
import { DAY_MS, HOUR_MS, SLOT_MS, type SignalsContext } from './signals-context.ts';
import { createRound, type ReadSlots } from './sources/source-reader.ts';
import type { SlotRange } from './sources/source-types.ts';
import { suspectsOf } from './suspects.ts';

/** Rows of a slot arrive within this time of its end; later ones are read with the next two slots. */
const GRACE_MS = 20_000;
const LATE_MS = 2 * SLOT_MS;
/** Stretch that is stored and folded at once when a signal catches up. */
const FOLD_MS = 7 * DAY_MS;

/** End of the newest slot whose values are there. */
export function completeThrough(now: number): number {
  return Math.floor((now - GRACE_MS) / SLOT_MS) * SLOT_MS;
}

/** Brings every signal up to the newest complete slot. One that fails says why, and is tried again next time. */
export async function evaluateSignals(context: SignalsContext): Promise<void> {
  const { db, clock } = context;
  const through = completeThrough(clock.now());
  const states = await readStates(db);
  const waiting = (await listSignals(db)).filter(
    ({ pointsKey }) => (states.get(pointsKey)?.evaluatedThrough ?? 0) < through,
  );
  if (waiting.length === 0) return;
  const badHours = await readBadHours(context, clock.now() - MOST_WEEKS * WEEK_HOURS * HOUR_MS);
  const round = {
    through,
    badHours,
    read: createRound({ reader: context.reader, prometheus: context.defaults.prometheus }),
  };
  for (const signal of waiting) {
    await evaluateOne(context, { signal, state: states.get(signal.pointsKey) ?? startState(signal), ...round });
  }
  context.bus.publish({ type: 'signals', at: clock.now() });
}

interface Evaluating {
  readonly signal: StoredSignal;
  readonly state: SignalState;
  readonly through: number;
  readonly badHours: BadHours;
  readonly read: ReadSlots;
}

async function evaluateOne(context: SignalsContext, evaluating: Evaluating): Promise<void> {
  const { signal, through } = evaluating;
  let { state } = evaluating;
  try {
    const { definition, issues } = resolveSignal(signal.id, signal.input, context.defaults);
    const [issue] = issues;
    if (issue !== undefined) throw new BelayError('signal.invalid', `${issue.path} ${issue.message}.`);
    const oldest = through - MOST_WEEKS * WEEK_HOURS * HOUR_MS;
    while (state.evaluatedThrough < through) {
      const from = Math.max(state.evaluatedThrough, oldest);
      const to = Math.min(through, from + FOLD_MS);
      state = await evaluateStretch(context, { ...evaluating, state, definition, from, to });
    }
    await announceAlarms(context, signal.id);
  } catch (error) {
    await noteProblem(context, state, error);
  }
}

interface Stretch extends Evaluating {
  readonly definition: SignalDefinition;
  readonly from: number;
  readonly to: number;
}

async function evaluateStretch(context: SignalsContext, stretch: Stretch): Promise<SignalState> {
  const { signal, state, definition, from, to, through } = stretch;
  const { points, db } = context;
  const fresh = await readFresh(stretch.read, definition, { fromMs: from - LATE_MS, toMs: to });
  await points.write(signal.pointsKey, fresh);
  const first = state.hoursThrough * HOUR_MS;
  const isWhole = first === 0 || first >= from - LATE_MS || Math.floor(to / HOUR_MS) <= state.hoursThrough;
  const slots = isWhole
    ? fresh.filter(({ at }) => at >= first)
    : await points.read(signal.pointsKey, { fromMs: first, toMs: to });
  let known: Promise<SlotValue[]> | undefined;
  const folded = await foldSlots(state, {
    definition,
    slots,
    through: to,
    until: through,
    badHours: stretch.badHours(definition),
    readHours: () => readHours(db, signal.pointsKey, Math.floor(from / HOUR_MS) - MOST_WEEKS * WEEK_HOURS),
    readSlots: async (fromMs, toMs) => {
      known ??= points.read(signal.pointsKey, { fromMs, toMs: to });
      return (await known).filter(({ at }) => at >= fromMs && at < toMs);
    },
  });
  await store(context, stretch, folded);
  return folded.state;
}

/**
 * Values of a stretch, with the slots before that may have had late rows. What is too much to read at once is asked for in
 * halves; an hour of history that is too much becomes a gap, so that the signal goes on with what is newer.
 */
async function readFresh(read: ReadSlots, definition: SignalDefinition, range: SlotRange): Promise<SlotValue[]> {
  const { fromMs, toMs } = range;
  try {
    return await read(definition, range);
  } catch (error) {
    if (!isBelayError(error) || error.code !== 'telemetry.too-wide' || toMs - fromMs <= HOUR_MS / 2) throw error;
    if (toMs - fromMs <= HOUR_MS) return [];
  }
  const middle = Math.floor((fromMs + toMs) / 2 / SLOT_MS) * SLOT_MS;
  const older = await readFresh(read, definition, { fromMs, toMs: middle });
  return [...older, ...(await readFresh(read, definition, { fromMs: middle, toMs }))];
}

async function store(context: SignalsContext, { signal, definition }: Stretch, folded: Folded): Promise<void> {
  const { db, bus } = context;
  const events = await transaction(db, async (trx) => {
    const told: LiveEvent[] = [];
    await saveHours(trx, signal.pointsKey, folded.hours);
    for (const event of folded.events) {
      if (event.kind === 'started') await raise(trx, { signal, definition }, event.episode);
      else {
        const ended = await endAlarms(trx, signal.id, event);
        told.push(...(await tellOfEndings(trx, ended)));
        if (event.ending === 'accepted') {
          const since = folded.state.steps.at(-1)?.hour ?? 0;
          await excludeHours(trx, signal.pointsKey, { fromHour: since, excluded: false });
        }
      }
    }
    await saveState(trx, folded.state);
    return told;
  });
  for (const event of events) bus.publish(event);
}

type Episode = Extract<Folded['events'][number], { kind: 'started' }>['episode'];

async function raise(
  trx: DatabaseTransaction,
  { signal, definition }: { readonly signal: StoredSignal; readonly definition: SignalDefinition },
  episode: Episode,
): Promise<void> {
  const { title, service } = definition;
  const facts = { title, service, direction: episode.direction, deviation: episode.deviation };
  await excludeHours(trx, signal.pointsKey, { fromHour: Math.floor(episode.startedAt / HOUR_MS), excluded: true });
  await insertAlarm(trx, {
    signalId: signal.id,
    pointsKey: signal.pointsKey,
    signalTitle: title,
    service,
    direction: episode.direction === 'up' ? 'higher' : 'lower',
    sense: senseOf(episode.direction, definition.good),
    found: episode.found,
    startedAt: episode.startedAt,
    raisedAt: episode.raisedAt,
    deviation: episode.deviation,
    sentence: alarmSentence({ ...facts, lastedMs: episode.raisedAt - episode.startedAt }),
    suspects: await suspectsOf(trx, { service, startedAt: episode.startedAt, raisedAt: episode.raisedAt }),
  });
}

async function noteProblem({ db, log }: SignalsContext, state: SignalState, error: unknown): Promise<void> {
  if (!isBelayError(error)) log.error({ err: error, signal: state.signalId }, 'a signal could not be evaluated');
  const problem = isBelayError(error) ? error.message : 'Belay failed to evaluate it; the log says why.';
  const cause = isBelayError(error) && error.cause instanceof Error ? error.cause.message : undefined;
  if (problem !== state.problem) log.warn({ signal: state.signalId, problem, cause }, 'a signal has no value');
  await transaction(db, (trx) => saveState(trx, { ...state, problem }));
}
