import { BelayError } from '@belay/core';
import type { InputIssue } from '@belay/core';
import {
  signalId,
  type ActorView,
  type LiveEvent,
  type SignalAlarm,
  type SignalInput,
  type SignalPreview,
} from '@belay/protocol';
import { valueText } from '@belay/core/baseline';
import { checkPrecondition, type Precondition } from '../../platform/http/precondition.ts';
import { type DatabaseTransaction, transaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import { tellOfEndings } from './alarm-messages.ts';
import { endAlarms, requireAlarm } from './alarm-store.ts';
import { completeThrough } from './evaluation.ts';
import { acceptedState } from './fold-slots.ts';
import { resolveSignal } from './resolve-signal.ts';
import type { SignalDefinition } from './signal-definition.ts';
import { excludeHours, readHours, readState, saveState } from './signal-state-store.ts';
import { findSignal, requireSignal, removeSignal, saveSignal, type StoredSignal } from './signal-store.ts';
import { DAY_MS, HOUR_MS, type SignalsContext } from './signals-context.ts';
import { createRound } from './sources/source-reader.ts';

export interface WriteBy {
  readonly actor: ActorView;
  readonly precondition: Precondition;
}

/** Creates or replaces a signal; a starter signal that is changed becomes one of the API. */
export async function putSignal(
  context: SignalsContext,
  { id, input }: { readonly id: string; readonly input: SignalInput },
  { actor, precondition }: WriteBy,
): Promise<void> {
  checkedDefinition(context, id, input);
  await context.exclusive(async () => {
    const at = context.clock.now();
    await write(context, async (trx, events) => {
      const before = await findSignal(trx, id);
      checkPrecondition(precondition, before?.version);
      refuseManaged(before);
      await saveSignal(trx, { id, origin: 'api', input, at });
      const done = before === undefined ? 'created' : 'changed';
      const sentence = `The signal ${input.title ?? id} was ${done}.`;
      const details = { signalId: id, before: before?.input ?? null };
      events.push(
        ledgerEvent(await appendLedger(trx, { at, actor, kind: `signal.${done}`, sentence, tone: 'none', details })),
      );
    });
  });
}

export async function deleteSignal(
  context: SignalsContext,
  id: string,
  { actor, precondition }: WriteBy,
): Promise<void> {
  await context.exclusive(async () => {
    const at = context.clock.now();
    await write(context, async (trx, events) => {
      const before = await requireSignal(trx, id);
      checkPrecondition(precondition, before.version);
      refuseManaged(before);
      events.push(...(await tellOfEndings(trx, await endAlarms(trx, id, { at, ending: 'signal-removed' }))));
      await removeSignal(trx, before, at);
      const sentence = `The signal ${before.input.title ?? id} was deleted.`;
      const details = { signalId: id, before: before.input };
      events.push(
        ledgerEvent(await appendLedger(trx, { at, actor, kind: 'signal.deleted', sentence, tone: 'none', details })),
      );
    });
  });
}

/** Somebody says that this is the new usual: the alarm ends, and the baseline follows at once. */
export async function acceptAlarm(
  context: SignalsContext,
  alarmId: string,
  { actor, reason }: { readonly actor: ActorView; readonly reason: string | null },
): Promise<SignalAlarm> {
  await context.exclusive(async () => {
    const alarm = await requireAlarm(context.db, alarmId);
    if (alarm.endedAt !== null) {
      throw new BelayError('alarm.over', 'The alarm is over already.', { hint: 'There is nothing left to accept.' });
    }
    const signal = await requireSignal(context.db, alarm.signalId);
    const at = context.clock.now();
    await write(context, async (trx, events) => {
      const state = await readState(trx, signal);
      const since = Math.floor(alarm.startedAt / HOUR_MS);
      const hours = await readHours(trx, signal.pointsKey, since);
      await saveState(trx, acceptedState(state, hours));
      await excludeHours(trx, signal.pointsKey, { fromHour: since, excluded: false });
      await endAlarms(trx, signal.id, { at, ending: 'accepted' });
      const sentence = `${alarm.signalTitle}: the deviation is the new usual, says ${actor.name}.`;
      const details = { alarmId, signalId: signal.id };
      events.push(
        ledgerEvent(
          await appendLedger(trx, { at, actor, kind: 'alarm.accepted', sentence, tone: 'none', reason, details }),
        ),
      );
      events.push({ type: 'alarm', at, alarmId, signalId: signal.id, state: 'ended', sentence });
    });
  });
  return requireAlarm(context.db, alarmId);
}

/** What a definition would have shown over the last day. Nothing is stored. */
export async function previewSignal(context: SignalsContext, id: string, input: SignalInput): Promise<SignalPreview> {
  const definition = checkedDefinition(context, id, input);
  const toMs = completeThrough(context.clock.now());
  const read = createRound({ reader: context.reader, prometheus: context.defaults.prometheus });
  const slots = await read(definition, { fromMs: toMs - DAY_MS, toMs });
  const values = slots.map(({ value }) => value);
  const known = new Map(slots.map(({ at, value }) => [at, value]));
  const { unit } = definition;
  const span =
    values.length === 0
      ? ''
      : ` between ${valueText(Math.min(...values), unit)} and ${valueText(Math.max(...values), unit)}`;
  return {
    sentence: `Last 24 hours: ${values.length} of 288 values${span}.`,
    unit,
    points: Array.from({ length: 288 }, (_, index) => {
      const at = toMs - DAY_MS + index * 300_000;
      return { at, value: known.get(at) ?? null };
    }),
    warnings: warningsOf(definition, values),
  };
}

export function checkedDefinition(context: SignalsContext, id: string, input: SignalInput): SignalDefinition {
  const { definition, issues } = resolveSignal(id, input, context.defaults);
  const all: InputIssue[] = signalId.safeParse(id).success
    ? [...issues]
    : [{ path: 'id', message: 'is not an id', seen: id, mend: 'use letters, digits, ".", "-" or "_"' }, ...issues];
  if (all.length === 0) return definition;
  const lines = all.map(({ path, message, mend }) => `${path} ${message}${mend === undefined ? '' : `; ${mend}`}`);
  throw new BelayError(
    'signal.invalid',
    `The signal has ${all.length === 1 ? 'one thing' : `${all.length} things`} to mend.`,
    {
      hint: lines.join('. '),
      issues: all,
    },
  );
}

function warningsOf({ target, critical, good, unit }: SignalDefinition, values: readonly number[]): string[] {
  if (values.length === 0) return ['No value in 24 hours: check names and attributes.'];
  const warnings: string[] = [];
  const past = (limit: number): number =>
    values.filter((value) => (good === 'higher' ? value < limit : value > limit)).length;
  const tell = (name: string, limit: number | null): void => {
    if (limit === null) return;
    const count = past(limit);
    if (count * 20 > values.length)
      warnings.push(`${count} of ${values.length} values are past the ${name} of ${valueText(limit, unit)}.`);
  };
  tell('target', target);
  tell('critical limit', critical);
  return warnings;
}

function refuseManaged(signal: StoredSignal | undefined): void {
  if (signal?.origin !== 'belay.yaml') return;
  throw new BelayError('signal.managed', `The signal "${signal.id}" is written in belay.yaml.`, {
    hint: 'Change it there, and restart the server.',
  });
}

async function write(
  { db, bus }: SignalsContext,
  work: (trx: DatabaseTransaction, events: LiveEvent[]) => Promise<void>,
): Promise<void> {
  const events: LiveEvent[] = [];
  await transaction(db, (trx) => work(trx, events));
  for (const event of events) bus.publish(event);
}
