import { BelayError } from '@belay/core';
import { shareText, valueText } from '@belay/core/baseline';
import { burnRate, readSlo, type SloSlot } from '@belay/core/slo';
import type { Scorecard, ScorecardRow, SloWindow } from '@belay/protocol';
import type { SignalDefinition } from './signal-definition.ts';
import { shownSignals } from './signal-queries.ts';
import { currentOf, sayingOf, type ShownSignal } from './signal-view.ts';
import type { SignalsContext } from './signals-context.ts';
import { readSloSums, type SloSums, slotsIn, type WindowName } from './slo-reader.ts';

/** Scorecards of all services, by name. */
export async function listScorecards(
  context: SignalsContext,
  query: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<{ items: Scorecard[]; next: string | null }> {
  const byService = await signalsByService(context);
  const names = [...byService.keys()].toSorted();
  const wanted = names.filter((name) => query.cursor === undefined || name > query.cursor);
  const page = wanted.slice(0, query.limit);
  const cards = await cardsOf(context, new Map(page.map((name) => [name, byService.get(name) ?? []])));
  return { items: cards, next: wanted.length > page.length ? (page.at(-1) ?? null) : null };
}

export async function getScorecard(context: SignalsContext, service: string): Promise<Scorecard> {
  const own = (await signalsByService(context)).get(service);
  const [card] = own === undefined ? [] : await cardsOf(context, new Map([[service, own]]));
  if (card !== undefined) return card;
  throw new BelayError('signal.not-found', `No signal belongs to the service "${service}".`, {
    hint: '"belay signals list" shows the services that have signals.',
  });
}

async function signalsByService(context: SignalsContext): Promise<ReadonlyMap<string, ShownSignal[]>> {
  const shown = await shownSignals(context);
  return Map.groupBy(
    shown.filter(({ definition }) => definition.service !== null),
    ({ definition }) => definition.service ?? '',
  );
}

async function cardsOf(
  context: SignalsContext,
  byService: ReadonlyMap<string, readonly ShownSignal[]>,
): Promise<Scorecard[]> {
  const now = context.clock.now();
  const all = [...byService.values()].flat().map(({ signal, definition }) => ({ key: signal.pointsKey, definition }));
  const sums = await readSloSums(context.reader, all, now);
  return [...byService].map(([service, shown]) => {
    const rows = shown.map((one) => rowOf(one, sums.get(one.signal.pointsKey), now)).toSorted(byPromise);
    return { service, owners: ownersOf(shown), ...headlineOf(rows), rows };
  });
}

function rowOf(shown: ShownSignal, sums: SloSums | undefined, now: number): ScorecardRow {
  const { definition, state, signal } = shown;
  const { unit, target, good } = definition;
  const current = currentOf(state, definition, now);
  const { verdict, word, tone } = sayingOf(shown, now);
  const slots = (window: WindowName): SloSlot[] => (sums === undefined ? [] : [slotOf(definition, sums, window)]);
  const objective = objectiveOf(definition);
  const burn = (window: WindowName): number | null => (objective === null ? null : burnRate(slots(window), objective));
  return {
    signalId: signal.id,
    title: definition.title,
    dimension: definition.dimension,
    unit,
    good,
    owner: definition.owner,
    target,
    targetText:
      target === null ? 'No target' : `${good === 'higher' ? 'at least' : 'at most'} ${valueText(target, unit)}`,
    now: current?.value ?? null,
    nowText: current?.text ?? 'No data',
    verdict,
    word,
    tone,
    trend: trendOf(shown, sums),
    slo: ([7, 28, 90] as const).map((days) => sloOf(definition, { days, sums, slots: slots(`d${days}`) })),
    burn: { hour: burn('hour'), sixHours: burn('sixHours') },
  };
}

/** Of a ratio events are counted, else slots of time. */
function slotOf({ kind }: SignalDefinition, { windows }: SloSums, window: WindowName): SloSlot {
  const { slots, within, events, bad } = windows[window];
  return kind === 'ratio' && events > 0 ? { good: events - bad, total: events } : { good: within, total: slots };
}

/** The share that was promised; of a ratio its target says which share may be bad. Null without a target. */
function objectiveOf({ kind, target, good, objective }: SignalDefinition): number | null {
  if (target === null) return null;
  if (kind !== 'ratio') return objective;
  return good === 'higher' ? target / 100 : 1 - target / 100;
}

interface SloFacts {
  readonly days: 7 | 28 | 90;
  readonly sums: SloSums | undefined;
  readonly slots: readonly SloSlot[];
}

function sloOf(definition: SignalDefinition, { days, sums, slots }: SloFacts): SloWindow {
  const objective = objectiveOf(definition);
  const coverage = Math.min(1, (sums?.windows[`d${days}`].slots ?? 0) / slotsIn(`d${days}`));
  const nothing = { days, performance: null, objective, budgetLeft: null, coverage };
  if (objective === null) return { ...nothing, sentence: 'No target is set.' };
  const { performance, budgetLeft } = readSlo(slots, objective);
  if (performance === null || budgetLeft === null) return { ...nothing, sentence: `No data in ${days} days.` };
  const of = definition.kind === 'ratio' ? 'good' : 'of the time within the target';
  const budget =
    budgetLeft >= 0 ? `${shareText(budgetLeft)} of the error budget is left` : 'the error budget is overspent';
  const partly = coverage < 0.9 ? ` (data for ${shareText(coverage)} of the time)` : '';
  return {
    days,
    performance,
    objective,
    budgetLeft,
    coverage,
    sentence: `${percent(performance)} ${of} over ${days} days, ${percent(objective)} promised: ${budget}${partly}.`,
  };
}

/** Medians of the values; of a ratio, whose values are mostly zero where little fails, the shares of all events. */
function weeksOf({ kind, good }: SignalDefinition, sums: SloSums | undefined): Pick<SloSums, 'week' | 'weekBefore'> {
  if (sums === undefined) return { week: null, weekBefore: null };
  const { d7, d14 } = sums.windows;
  if (kind !== 'ratio' || d14.events === 0) return sums;
  const share = (bad: number, events: number): number | null => {
    if (events <= 0) return null;
    return 100 * (good === 'higher' ? 1 - bad / events : bad / events);
  };
  return { week: share(d7.bad, d7.events), weekBefore: share(d14.bad - d7.bad, d14.events - d7.events) };
}

function trendOf({ definition, state }: ShownSignal, sums: SloSums | undefined): ScorecardRow['trend'] {
  const { week, weekBefore } = weeksOf(definition, sums);
  if (week === null || weekBefore === null || weekBefore === 0) {
    return { direction: 'unknown', change: null, text: 'Two weeks of data are needed.' };
  }
  const change = week / weekBefore - 1;
  const noise = Math.max(definition.tolerance, (state.baseline?.sigma ?? 0.1) / 2);
  if (Math.abs(change) <= noise) return { direction: 'flat', change, text: 'As in the week before.' };
  const side = change > 0 ? 'higher' : 'lower';
  const text = `${shareText(Math.abs(change))} ${side} than in the week before.`;
  if (definition.good === 'none') return { direction: change > 0 ? 'up' : 'down', change, text };
  return { direction: side === definition.good ? 'better' : 'worse', change, text };
}

function headlineOf(rows: readonly ScorecardRow[]): Pick<Scorecard, 'headline' | 'tone'> {
  const promised = rows.filter(({ target }) => target !== null);
  const broken = promised.filter(({ slo }) =>
    slo.some(({ days, budgetLeft }) => days === 28 && budgetLeft !== null && budgetLeft < 0),
  );
  const bad = rows.filter(({ tone }) => tone === 'bad');
  if (broken.length > 0)
    return { headline: `${broken.length} of ${promised.length} promises broken over 28 days.`, tone: 'bad' };
  if (bad.length > 0)
    return {
      headline: `${bad.length === 1 ? 'One signal is' : `${bad.length} signals are`} worse than usual.`,
      tone: 'bad',
    };
  if (promised.length === 0) return { headline: 'No target is set yet.', tone: 'none' };
  return {
    headline: promised.length === 1 ? 'The promise is kept.' : `All ${promised.length} promises are kept.`,
    tone: 'ok',
  };
}

function ownersOf(shown: readonly ShownSignal[]): string[] {
  return [...new Set(shown.flatMap(({ definition: { owner } }) => (owner === null ? [] : [owner])))].toSorted();
}

/** Promises first. */
function byPromise(a: ScorecardRow, b: ScorecardRow): number {
  return Number(a.target === null) - Number(b.target === null) || a.title.localeCompare(b.title);
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(share > 0.9995 && share < 1 ? 4 : 2))}%`;
}
