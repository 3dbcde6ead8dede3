import type { OverviewView } from '@belay/protocol';
import type { SeriesPoint } from '../telemetry/api.ts';
import type { SignalCard } from './api.ts';
import type { ChangesContext } from './changes-context.ts';
import type { RolloutRecord } from './rollout-record.ts';

type Signals = OverviewView['signals'];

/** Failed requests, response time, traffic and cost of the last hour; empty where nothing was measured. */
export async function overviewSignals(context: ChangesContext, recent: readonly RolloutRecord[]): Promise<Signals> {
  const throughMs = Math.floor(context.clock.now() / MINUTE) * MINUTE;
  try {
    const series = await context.telemetry.readServiceSeries({ fromMs: throughMs - HOUR, throughMs, stepSeconds: 60 });
    const points = sumOf([...series.values()]);
    if (points.length === 0) return [];
    const cards = (await context.signalCards?.()) ?? new Map<SignalKind['id'], SignalCard>();
    return SIGNALS.flatMap((kind) => {
      const live = points.map((point) => ({ at: point.at, value: kind.valueOf(point) }));
      const last = live.findLast(({ value }) => value !== null)?.value;
      if (last == null) return [];
      const card = cards.get(kind.id);
      // Five minutes at a time once there are two hours of them; until then minute by minute.
      const values = card !== undefined && card.points.length >= ENOUGH_SLOTS ? card.points : live;
      const shown = values.map((point) => ({ ...point, ...bandOf(card, point.at) }));
      const { signalId, verdict, word, tone, sentence } = card ?? LEARNING;
      const marks = marksOf(recent, values[0]?.at ?? throughMs);
      const { id, title, unit, textOf } = kind;
      return [{ id, title, value: textOf(last), unit, signalId, verdict, word, tone, sentence, points: shown, marks }];
    });
  } catch (err) {
    context.log.warn({ err }, 'signals of the overview could not be read');
    return [];
  }
}

function bandOf(card: SignalCard | undefined, at: number): { low: number | null; high: number | null } {
  const band = card?.usualAt(at) ?? null;
  return { low: band?.low ?? null, high: band?.high ?? null };
}

interface SignalKind {
  readonly id: Signals[number]['id'];
  readonly title: string;
  readonly unit: string;
  readonly valueOf: (point: SeriesPoint) => number | null;
  readonly textOf: (value: number) => string;
}

const SIGNALS: readonly SignalKind[] = [
  {
    id: 'errors',
    title: 'Failed requests',
    unit: '%',
    valueOf: ({ units, errors }) => (units === 0 ? null : (errors / units) * 100),
    textOf: (value) => `${value.toFixed(2)}%`,
  },
  {
    id: 'latency-p95',
    title: 'Response time, 95th percentile',
    unit: 'ms',
    valueOf: ({ p95 }) => p95,
    textOf: (value) => `${Math.round(value)} ms`,
  },
  {
    id: 'traffic',
    title: 'Requests per minute',
    unit: '/min',
    valueOf: ({ units }) => units,
    textOf: (value) => String(Math.round(value)),
  },
  {
    id: 'cost',
    title: 'Cost per request',
    unit: '',
    valueOf: (point) => costOf(point),
    textOf: (value) => String(Number(value.toPrecision(3))),
  },
];

function costOf({ values, units }: SeriesPoint): number | null {
  const name = [...values.keys()].find((key) => /cost|price|spend/i.test(key));
  const tracked = name === undefined ? undefined : values.get(name);
  return tracked === undefined || units === 0 ? null : tracked.sum / units;
}

/** All services together. The 95th percentile of several is the largest of theirs: an upper bound. */
function sumOf(series: readonly (readonly SeriesPoint[])[]): readonly SeriesPoint[] {
  const byTime = new Map<number, SeriesPoint>();
  for (const point of series.flat()) {
    const known = byTime.get(point.at);
    byTime.set(point.at, known === undefined ? point : added(known, point));
  }
  return [...byTime.values()].sort((a, b) => a.at - b.at);
}

function added(a: SeriesPoint, b: SeriesPoint): SeriesPoint {
  const values = new Map(a.values);
  for (const [name, { count, sum }] of b.values) {
    const known = values.get(name);
    values.set(name, { count: count + (known?.count ?? 0), sum: sum + (known?.sum ?? 0) });
  }
  const p95 = a.p95 === null ? b.p95 : b.p95 === null ? a.p95 : Math.max(a.p95, b.p95);
  return { at: a.at, units: a.units + b.units, errors: a.errors + b.errors, p95, values };
}

function marksOf(recent: readonly RolloutRecord[], fromMs: number): Signals[number]['marks'] {
  return recent.flatMap(({ id, state }) => {
    const marks: Signals[number]['marks'] = [];
    const { ending, startedAt } = state;
    const mark = { title: state.plan.title, service: null, version: null, rolloutId: id, changeId: null };
    if (startedAt !== null && startedAt >= fromMs)
      marks.push({ ...mark, at: startedAt, kind: 'rollout', tone: 'live' });
    if (ending !== null && ending.at >= fromMs && startedAt !== null) {
      marks.push({ ...mark, at: ending.at, kind: 'rollout-ended', tone: ending.code === 'kept' ? 'ok' : 'bad' });
    }
    return marks;
  });
}

const LEARNING = {
  signalId: null,
  verdict: 'learning',
  word: 'Learning',
  tone: 'none',
  sentence: 'Belay learns what is usual.',
} as const;
/** Two hours. */
const ENOUGH_SLOTS = 24;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
