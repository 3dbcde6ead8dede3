import { isNPlusOne, nPlusOneSentence, REPEATED, statementPattern } from '@belay/core/traces';
import type { QueryPattern, QueryPatternList } from '@belay/protocol';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { createSqlParameters, type TelemetryReader, timeBounds } from '../telemetry/api.ts';
import { DB_STATEMENT, DB_SYSTEM, millisecondsOf } from './span-columns.ts';
import { traceSampling } from './trace-sampling.ts';

interface PatternsQuestion {
  readonly range: TimeRange;
  readonly service?: string | undefined;
  readonly operation?: string | undefined;
  readonly sort: 'time' | 'calls' | 'slowest' | 'n-plus-one';
  readonly limit: number;
}

interface PatternRow {
  readonly service: string;
  readonly operation: string;
  readonly system: string;
  readonly statement: string;
  readonly calls: number;
  readonly errors: number;
  readonly total: number;
  readonly slowest: number;
  readonly q: readonly (number | null)[];
  readonly per_request: readonly (number | null)[];
  readonly most: number;
  readonly requests: number;
  readonly repeating: number;
  readonly repeated_runs: number;
  readonly repeated_cost: number;
  readonly share: number | null;
  readonly evidence: readonly (readonly [string, number, number])[];
}

const MOST_SPANS = 300_000;
const MOST_PATTERNS = 2000;
const EVIDENCE = 3;
/** Literals and lists of a statement, masked as `statementPattern` does, as far as one pass can. */
const MASKED = String.raw`replaceRegexpAll(replaceRegexpAll(substringUTF8(raw, 1, 2000),
  '\'(?:[^\'\\\\]|\\\\.|\'\')*\'|[$][0-9]+|\\b[0-9][0-9a-fA-F.xX-]*\\b', '?'), '[(]\\s*[?](?:\\s*,\\s*[?])*\\s*[)](?:\\s*,\\s*[(]\\s*[?](?:\\s*,\\s*[?])*\\s*[)])*', '(?)')`;

/** Database statements by the endpoint that runs them. */
export async function queryPatterns(reader: TelemetryReader, asked: PatternsQuestion): Promise<QueryPatternList> {
  const condition = `kind = 3 AND ${DB_STATEMENT} != ''`;
  const every = await traceSampling(reader, asked.range, { condition: 'kind = 3', most: MOST_SPANS });
  const rows = await readPatterns(reader, asked, { condition, every });
  const items = rows
    .map((row) => patternOf(row, every))
    .toSorted((a, b) => rankOf(b, asked.sort) - rankOf(a, asked.sort) || b.totalMs - a.totalMs)
    .slice(0, asked.limit);
  return { items, sampled: 1 / every };
}

interface Sampled {
  readonly condition: string;
  readonly every: number;
}

function readPatterns(
  reader: TelemetryReader,
  asked: PatternsQuestion,
  { condition, every }: Sampled,
): Promise<PatternRow[]> {
  const parameters = createSqlParameters();
  const bounds = `${timeBounds(parameters, asked.range)} AND cityHash64(trace_id) % ${every} = 0`;
  const isService = asked.service === undefined ? '1' : `service = ${parameters.add(asked.service, 'String')}`;
  const isOperation = asked.operation === undefined ? '1' : `operation = ${parameters.add(asked.operation, 'String')}`;
  return reader.rows<PatternRow>(
    `WITH
       run AS (
         SELECT trace_id, toString(service) AS service, parent_id, ${DB_SYSTEM} AS system, ${DB_STATEMENT} AS raw,
           ${MASKED} AS statement, duration_ns, weight, is_error, toUnixTimestamp64Nano(ts) AS began
         FROM spans WHERE ${bounds} AND ${isService} AND ${condition}),
       below AS (
         SELECT trace_id, service, parent_id, any(system) AS system, statement, count() AS n, sum(weight) AS calls,
           sum(weight * is_error) AS errors, sum(duration_ns) AS total, max(duration_ns) AS slowest,
           groupArray(64)(duration_ns) AS durations,
           n >= ${REPEATED} AND total <= 1.05 * (max(began + toInt64(duration_ns)) - min(began)) AS is_repeated
         FROM run GROUP BY trace_id, service, parent_id, statement),
       request AS (
         SELECT trace_id, toString(service) AS service, argMax(toString(name), duration_ns) AS operation,
           max(duration_ns) AS lasted
         FROM spans WHERE ${bounds} AND ${isService} AND is_unit = 1 GROUP BY trace_id, service),
       per_request AS (
         SELECT trace_id, service, any(system) AS system, statement, sum(n) AS runs, sum(calls) AS calls,
           sum(errors) AS errors, sum(total) AS spent, max(slowest) AS worst, groupArrayArray(64)(durations) AS durations,
           maxIf(n, is_repeated) AS repeated, maxIf(total, is_repeated) AS cost
         FROM below GROUP BY trace_id, service, statement)
     SELECT service, operation, any(p.system) AS system, statement, sum(p.calls) AS calls, sum(p.errors) AS errors,
       sum(p.spent) AS total, max(p.worst) AS slowest, quantilesArray(0.5, 0.95)(p.durations) AS q,
       quantiles(0.5, 0.95)(p.runs) AS per_request, max(p.runs) AS most, count() AS requests,
       countIf(p.repeated > 0) AS repeating, ifNotFinite(quantileIf(0.5)(p.repeated, p.repeated > 0), 0) AS repeated_runs,
       ifNotFinite(avgIf(p.cost, p.repeated > 0), 0) AS repeated_cost,
       if(operation = '', NULL, sum(p.spent) / sum(greatest(r.lasted, 1))) AS share,
       arraySlice(arrayReverseSort(t -> (t.2, t.3), groupArray((lower(hex(trace_id)), p.runs, p.spent))), 1, ${EVIDENCE})
         AS evidence
     FROM per_request AS p LEFT JOIN request AS r USING (trace_id, service)
     WHERE ${isOperation}
     GROUP BY service, operation, statement ORDER BY total DESC LIMIT ${MOST_PATTERNS}`,
    { name: 'traces.queries', parameters: parameters.values },
  );
}

function patternOf(row: PatternRow, every: number): QueryPattern {
  const [p50, p95] = row.q.map((ns) => millisecondsOf(ns ?? 0));
  const [perP50, perP95] = row.per_request;
  const repetition = { requests: row.requests, repeating: row.repeating, runs: row.repeated_runs };
  return {
    service: row.service,
    operation: row.operation,
    system: row.system,
    statement: statementPattern(row.statement),
    calls: row.calls * every,
    errors: row.errors * every,
    p50Ms: p50 ?? 0,
    p95Ms: p95 ?? 0,
    maxMs: millisecondsOf(row.slowest),
    totalMs: millisecondsOf(row.total) * every,
    shareOfRequest: row.share,
    callsPerRequest: { p50: perP50 ?? 0, p95: perP95 ?? 0, max: row.most },
    requests: row.requests * every,
    nPlusOne: isNPlusOne(repetition)
      ? {
          sentence: nPlusOneSentence(row.operation, repetition),
          requests: row.repeating * every,
          costMs: millisecondsOf(row.repeated_cost),
        }
      : null,
    evidence: row.evidence.map(([traceId, calls, ns]) => ({ traceId, calls, ms: millisecondsOf(ns) })),
  };
}

function rankOf(pattern: QueryPattern, sort: PatternsQuestion['sort']): number {
  switch (sort) {
    case 'time':
      return pattern.totalMs;
    case 'calls':
      return pattern.calls;
    case 'slowest':
      return pattern.maxMs;
    case 'n-plus-one':
      return pattern.nPlusOne === null ? -1 : pattern.nPlusOne.costMs * pattern.nPlusOne.requests;
  }
}
