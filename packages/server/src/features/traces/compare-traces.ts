import { BelayError } from '@belay/core';
import type { ComparedStep, TraceComparison } from '@belay/protocol';
import type { TimeRange } from '../../platform/http/time-range.ts';
import type { TelemetryReader } from '../telemetry/api.ts';
import { type ComparedSpan, readComparedSpans, readSides, type Side, type SidedTrace } from './compared-spans.ts';
import { comparisonSentence } from './comparison-sentence.ts';
import { kindOf } from './span-columns.ts';

/** Which two sides are compared, and when. */
export interface ComparisonQuestion {
  readonly flagKey: string;
  readonly canaryVariant: string;
  readonly controlVariant: string;
  readonly range: TimeRange;
}

const SIDES = ['canary', 'control'] as const;
const WORK = ['own work', 'database', 'queue', 'calls to others'] as const;
const MOST_STEPS = 200;
const MOST_ERRORS = 50;

/** A request of a side: the unit of work of the service that read the flag. */
interface Request {
  readonly traceId: string;
  readonly ms: number;
  readonly at: number;
  readonly isError: boolean;
}

/** Where requests of the new path spend their time, against those of the old one. */
export async function compareTraces(reader: TelemetryReader, asked: ComparisonQuestion): Promise<TraceComparison> {
  const { traces, total } = await readSides(reader, asked);
  const spans = await readComparedSpans(reader, traces, asked.range);
  const requests = requestsOf(traces, spans);
  const steps = stepsOf(traces, spans, { canary: requests.canary.length, control: requests.control.length });
  const sides = { canary: sideOf(requests.canary), control: sideOf(requests.control) };
  const sampledOf = (side: Side): number =>
    total[side] === 0 ? 1 : Math.min(1, traces.filter((trace) => trace.side === side).length / total[side]);
  return {
    flagKey: asked.flagKey,
    canaryVariant: asked.canaryVariant,
    controlVariant: asked.controlVariant,
    from: asked.range.fromMs,
    to: asked.range.toMs,
    sentence: comparisonSentence(sides, steps),
    ...sides,
    steps: steps.slice(0, MOST_STEPS),
    kinds: kindsOf(traces, spans, requests),
    errors: errorsOf(traces, spans),
    sampled: { canary: sampledOf('canary'), control: sampledOf('control') },
  };
}

/** Checks that both sides are named; a rollout names them by itself. */
export function namedSides(query: {
  readonly flag?: string | undefined;
  readonly canary?: string | undefined;
  readonly control?: string | undefined;
}): Omit<ComparisonQuestion, 'range'> {
  const { flag, canary, control } = query;
  if (flag !== undefined && canary !== undefined && control !== undefined) {
    return { flagKey: flag, canaryVariant: canary, controlVariant: control };
  }
  const path = flag === undefined ? 'rollout' : canary === undefined ? 'canary' : 'control';
  const mend = 'Name a rollout, or a flag with its canary and control variants.';
  throw new BelayError('request.invalid', 'It is not said what to compare.', {
    hint: mend,
    issues: [{ path, message: 'is missing', mend }],
  });
}

function requestsOf(
  traces: readonly SidedTrace[],
  spans: readonly ComparedSpan[],
): Readonly<Record<Side, readonly Request[]>> {
  const units = Map.groupBy(
    spans.filter(({ isUnit }) => isUnit),
    ({ traceId, service }) => `${traceId} ${service}`,
  );
  const requests: Record<Side, Request[]> = { canary: [], control: [] };
  for (const { id, side, service } of traces) {
    const [longest] = (units.get(`${id} ${service}`) ?? []).toSorted((a, b) => b.durationMs - a.durationMs);
    if (longest === undefined) continue;
    const { durationMs: ms, startMs: at, isError } = longest;
    requests[side].push({ traceId: id, ms, at, isError });
  }
  return requests;
}

function sideOf(requests: readonly Request[]): TraceComparison['canary'] {
  const sorted = requests.toSorted((a, b) => a.ms - b.ms);
  const at = (share: number): number => round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)]?.ms ?? 0);
  const middle = sorted[Math.floor((sorted.length - 1) / 2)];
  const exemplar = (why: 'error' | 'slow' | 'typical') => (request: Request) => ({
    traceId: request.traceId,
    at: Math.floor(request.at),
    ms: round(request.ms),
    why,
  });
  return {
    requests: requests.length,
    errors: requests.filter(({ isError }) => isError).length,
    p50Ms: at(0.5),
    p95Ms: at(0.95),
    exemplars: [
      ...sorted
        .filter(({ isError }) => isError)
        .slice(-3)
        .map(exemplar('error')),
      ...sorted
        .filter(({ isError }) => !isError)
        .slice(-3)
        .toReversed()
        .map(exemplar('slow')),
      ...(middle === undefined ? [] : [exemplar('typical')(middle)]),
    ],
  };
}

interface Tally {
  calls: number;
  selfMs: number;
  errors: number;
  readonly traces: Set<string>;
}

function stepsOf(
  traces: readonly SidedTrace[],
  spans: readonly ComparedSpan[],
  requests: Readonly<Record<Side, number>>,
): readonly ComparedStep[] {
  const sides = new Map(traces.map(({ id, side }) => [id, side]));
  const steps = new Map<string, { readonly span: ComparedSpan } & Record<Side, Tally>>();
  for (const span of spans) {
    const key = `${span.service}\n${span.name}\n${span.kind}`;
    const step = steps.get(key) ?? { span, canary: noTally(), control: noTally() };
    steps.set(key, step);
    const tally = step[sides.get(span.traceId) ?? 'control'];
    tally.calls += 1;
    tally.selfMs += span.selfMs;
    tally.errors += span.isError ? 1 : 0;
    tally.traces.add(span.traceId);
  }
  return [...steps.values()]
    .map(({ span, canary, control }): ComparedStep => {
      const told = { canary: perRequest(canary, requests.canary), control: perRequest(control, requests.control) };
      return {
        service: span.service,
        operation: span.name,
        kind: kindOf(span.kind),
        ...told,
        differenceMs: round(told.canary.msPerRequest - told.control.msPerRequest),
        presence: presenceOf(canary, control, requests),
        traceId: [...canary.traces, ...control.traces][0] ?? '',
      };
    })
    .toSorted((a, b) => Math.abs(b.differenceMs) - Math.abs(a.differenceMs));
}

function noTally(): Tally {
  return { calls: 0, selfMs: 0, errors: 0, traces: new Set() };
}

function perRequest({ calls, selfMs, errors, traces }: Tally, requests: number): ComparedStep['canary'] {
  const per = Math.max(1, requests);
  return { callsPerRequest: calls / per, msPerRequest: round(selfMs / per), errors, traces: traces.size };
}

/** "Never" is said only where the other side had requests in which it could have been seen. */
function presenceOf(canary: Tally, control: Tally, requests: Readonly<Record<Side, number>>): ComparedStep['presence'] {
  if (control.calls === 0 && requests.control > 0) return 'new';
  return canary.calls === 0 && requests.canary > 0 ? 'gone' : 'both';
}

function kindsOf(
  traces: readonly SidedTrace[],
  spans: readonly ComparedSpan[],
  requests: Readonly<Record<Side, readonly Request[]>>,
): TraceComparison['kinds'] {
  const sides = new Map(traces.map(({ id, side }) => [id, side]));
  const own = (work: ComparedSpan['work'], side: Side): number => {
    const sum = spans.reduce(
      (all, span) => (span.work === work && sides.get(span.traceId) === side ? all + span.selfMs : all),
      0,
    );
    return round(sum / Math.max(1, requests[side].length));
  };
  return WORK.map((kind) => ({ kind, canaryMs: own(kind, 'canary'), controlMs: own(kind, 'control') }));
}

function errorsOf(traces: readonly SidedTrace[], spans: readonly ComparedSpan[]): TraceComparison['errors'] {
  const sides = new Map(traces.map(({ id, side }) => [id, side]));
  const groups = Map.groupBy(
    spans.filter(({ isError }) => isError),
    ({ service, name, message }) => `${service}\n${name}\n${message}`,
  );
  return [...groups.values()]
    .map((group) => {
      const [canary = 0, control = 0] = SIDES.map(
        (side) => group.filter(({ traceId }) => sides.get(traceId) === side).length,
      );
      const [first] = group.toSorted((a, b) => rank(sides.get(a.traceId)) - rank(sides.get(b.traceId)));
      return {
        service: first?.service ?? '',
        operation: first?.name ?? '',
        message: first?.message ?? '',
        canary,
        control,
        traceId: first?.traceId ?? '',
      };
    })
    .toSorted((a, b) => b.canary - a.canary || b.control - a.control)
    .slice(0, MOST_ERRORS);
}

function rank(side: Side | undefined): number {
  return side === 'canary' ? 0 : 1;
}

function round(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
