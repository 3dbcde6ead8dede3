import { createSqlParameters, type SqlParameters, timeBounds } from '../telemetry/api.ts';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { NO_PARENT } from './span-columns.ts';

/** Which traces are asked for: one span must fit all of it. */
export interface TraceFilter {
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  readonly minMs?: number | undefined;
  readonly maxMs?: number | undefined;
  readonly status: 'any' | 'ok' | 'error';
  readonly field?: readonly string[] | undefined;
  readonly flag?: string | undefined;
  readonly variant?: string | undefined;
}

export interface SpanQuestion {
  readonly condition: string;
  readonly parameters: SqlParameters;
}

const SLACK_MS = 3_600_000;
const NS_PER_MS = 1e6;

/** The condition of a filter on spans, without its time range. */
export function traceCondition(filter: TraceFilter, range: TimeRange): SpanQuestion {
  const parameters = createSqlParameters();
  const parts: string[] = [];
  const text = (value: string): string => parameters.add(value, 'String');
  const nanoseconds = (ms: number): string => parameters.add(Math.min(1.8e19, Math.round(ms * NS_PER_MS)), 'Float64');
  if (filter.service !== undefined) parts.push(`service = ${text(filter.service)}`);
  if (filter.operation !== undefined) parts.push(`name = ${text(filter.operation)}`);
  for (const pair of filter.field ?? []) parts.push(fieldCondition(pair, text));
  // Without a word about which span is meant, it is the one that a request begins with.
  if (parts.length === 0) parts.push(entrySpan(filter));
  if (filter.minMs !== undefined) parts.push(`duration_ns >= ${nanoseconds(filter.minMs)}`);
  if (filter.maxMs !== undefined) parts.push(`duration_ns <= ${nanoseconds(filter.maxMs)}`);
  if (filter.status !== 'any') parts.push(`is_error = ${filter.status === 'error' ? 1 : 0}`);
  if (filter.flag !== undefined) parts.push(flagCondition(filter.flag, filter.variant, { parameters, range }));
  return { condition: `(${parts.join(' AND ')})`, parameters };
}

/** A fast or faultless part says nothing of the whole, so what must be so throughout is asked of the root. */
function entrySpan({ maxMs, status }: TraceFilter): string {
  const isRoot = `parent_id = ${NO_PARENT}`;
  return maxMs !== undefined || status === 'ok' ? isRoot : `(is_unit = 1 OR ${isRoot})`;
}

function fieldCondition(pair: string, text: (value: string) => string): string {
  const equals = pair.indexOf('=');
  const value = text(pair.slice(equals + 1));
  const condition = `attributes[${text(pair.slice(0, equals))}] = ${value}`;
  // The index on the values of attributes leaves out what does not have the value at all.
  return pair.length === equals + 1 ? `(${condition})` : `(${condition} AND has(mapValues(attributes), ${value}))`;
}

interface FlagContext {
  readonly parameters: SqlParameters;
  readonly range: TimeRange;
}

function flagCondition(flag: string, variant: string | undefined, { parameters, range }: FlagContext): string {
  const wide = { fromMs: Math.max(0, range.fromMs - SLACK_MS), toMs: range.toMs + SLACK_MS };
  const isVariant = variant === undefined ? '1' : `variant = ${parameters.add(variant, 'String')}`;
  return `trace_id IN (SELECT trace_id FROM evaluations WHERE flag = ${parameters.add(flag, 'String')} AND ${isVariant}
    AND ${timeBounds(parameters, wide)})`;
}
