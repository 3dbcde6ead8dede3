import type { SignalDetail, SignalDimension, SignalSeries, SignalVerdict, SignalView } from '@belay/protocol';
import { BelayError } from '@belay/core';
import { alarmsIn, openAlarms } from './alarm-store.ts';
import { changeMarks } from './change-marks.ts';
import { resolveSignal } from './resolve-signal.ts';
import { readHours, readState, readStates, startState } from './signal-state-store.ts';
import { listSignals, requireSignal } from './signal-store.ts';
import { signalDetail, signalView, SPARK_STEP_MS, SPARK_STEPS, type ShownSignal, usualOf } from './signal-view.ts';
import { DAY_MS, HOUR_MS, SLOT_MS, type SignalsContext } from './signals-context.ts';

export interface SignalListQuery {
  readonly limit: number;
  readonly cursor?: string | undefined;
  readonly service?: string | undefined;
  readonly dimension?: SignalDimension | undefined;
  readonly verdict?: SignalVerdict | undefined;
  readonly search?: string | undefined;
}

/** What deserves a look first. */
const ORDER: readonly SignalVerdict[] = [
  'past-critical',
  'higher',
  'lower',
  'past-warning',
  'no-data',
  'learning',
  'usual',
];

export async function listViews(
  context: SignalsContext,
  query: SignalListQuery,
): Promise<{ items: SignalView[]; next: string | null }> {
  const search = query.search?.toLowerCase();
  const shown = (await shownSignals(context)).filter(
    ({ definition: { service, dimension, title, id } }) =>
      (query.service === undefined || service === query.service) &&
      (query.dimension === undefined || dimension === query.dimension) &&
      (search === undefined || `${title}\n${id}\n${service ?? ''}`.toLowerCase().includes(search)),
  );
  const views = await viewsOf(context, shown);
  const wanted = views
    .filter(({ verdict }) => query.verdict === undefined || verdict === query.verdict)
    .toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || compare(a, b));
  const start = query.cursor === undefined ? 0 : offsetOf(query.cursor);
  const items = wanted.slice(start, start + query.limit);
  return { items, next: start + query.limit < wanted.length ? String(start + query.limit) : null };
}

export async function getDetail(context: SignalsContext, id: string): Promise<SignalDetail> {
  const shown = await shownSignal(context, id);
  const now = context.clock.now();
  const steps = await sparks(context, [shown]);
  const alarms = await alarmsIn(context.db, id, { fromMs: now - 90 * DAY_MS, toMs: now });
  return signalDetail(shown, { now, steps: steps.get(shown.signal.pointsKey) ?? [] }, alarms.toReversed());
}

/** Steps that a chart may have; the smallest that keeps it under 600 points is taken. */
const STEPS = [5, 15, 30, 60, 180, 360, 1440].map((minutes) => minutes * 60_000);
const MOST_POINTS = 600;
const LONGEST_MS = 400 * DAY_MS;

export async function getSeries(
  context: SignalsContext,
  id: string,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<SignalSeries> {
  if (to <= from || to - from > LONGEST_MS) {
    throw new BelayError('request.invalid', 'The range must be positive, and at most 400 days long.', {
      issues: [
        { path: 'to', message: 'does not fit from', seen: `${from}..${to}`, mend: 'send from < to, in Unix ms' },
      ],
    });
  }
  const { signal, definition, state } = await shownSignal(context, id);
  const stepMs = STEPS.find((step) => (to - from) / step <= MOST_POINTS) ?? DAY_MS;
  const first = Math.floor(from / stepMs) * stepMs;
  const range = { fromMs: first, toMs: to };
  const steps = (await context.points.readSteps([signal.pointsKey], range, stepMs)).get(signal.pointsKey) ?? [];
  const values = new Map(steps.map(({ at, value }) => [at, value]));
  const hours = await readHours(context.db, signal.pointsKey, Math.floor(first / HOUR_MS));
  const excluded = new Set(hours.flatMap((hour) => (hour.excluded ? [hour.hour] : [])));
  const usual = usualOf(state, definition);
  return {
    id,
    unit: definition.unit,
    from,
    to,
    stepMs,
    points: Array.from({ length: Math.max(1, Math.ceil((to - first) / stepMs)) }, (_, index) => {
      const at = first + index * stepMs;
      const band = usual?.(at + stepMs / 2);
      return {
        at,
        value: values.get(at) ?? null,
        low: band?.low ?? null,
        expected: band?.expected ?? null,
        high: band?.high ?? null,
        excluded: excluded.has(Math.floor(at / HOUR_MS)),
      };
    }),
    marks: await changeMarks(context.db, { fromMs: from, toMs: to, service: definition.service ?? undefined }),
    alarms: await alarmsIn(context.db, id, { fromMs: from, toMs: to }),
    target: definition.target,
    warning: definition.warning,
    critical: definition.critical,
  };
}

/** Every signal with its state; those whose stored definition no longer holds are shown with their problem. */
export async function shownSignals(context: SignalsContext): Promise<ShownSignal[]> {
  const [signals, states, alarms] = await Promise.all([
    listSignals(context.db),
    readStates(context.db),
    openAlarms(context.db),
  ]);
  return signals.map((signal) => ({
    signal,
    definition: resolveSignal(signal.id, signal.input, context.defaults).definition,
    state: states.get(signal.pointsKey) ?? startState(signal),
    alarm: alarms.get(signal.id) ?? null,
  }));
}

async function shownSignal(context: SignalsContext, id: string): Promise<ShownSignal> {
  const signal = await requireSignal(context.db, id);
  return {
    signal,
    definition: resolveSignal(id, signal.input, context.defaults).definition,
    state: await readState(context.db, signal),
    alarm: (await openAlarms(context.db)).get(id) ?? null,
  };
}

async function viewsOf(context: SignalsContext, shown: readonly ShownSignal[]): Promise<SignalView[]> {
  const now = context.clock.now();
  const steps = await sparks(context, shown);
  return shown.map((one) => signalView(one, { now, steps: steps.get(one.signal.pointsKey) ?? [] }));
}

function sparks(context: SignalsContext, shown: readonly ShownSignal[]) {
  const now = context.clock.now();
  const keys = shown.map(({ signal }) => signal.pointsKey);
  if (keys.length === 0) return new Map<string, { at: number; value: number }[]>();
  return context.points.readSteps(
    keys,
    { fromMs: now - (SPARK_STEPS + 1) * SPARK_STEP_MS, toMs: now + SLOT_MS },
    SPARK_STEP_MS,
  );
}

function compare(a: SignalView, b: SignalView): number {
  return (a.service ?? '').localeCompare(b.service ?? '') || a.title.localeCompare(b.title) || a.id.localeCompare(b.id);
}

function offsetOf(cursor: string): number {
  if (/^\d{1,9}$/.test(cursor)) return Number(cursor);
  throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [{ path: 'cursor', message: 'is not a cursor of this list', seen: cursor, mend: 'use "next" of a page' }],
  });
}
