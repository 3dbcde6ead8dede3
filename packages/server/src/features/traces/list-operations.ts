import type { OperationView } from '@belay/protocol';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { createSqlParameters, type TelemetryReader, timeBounds } from '../telemetry/api.ts';
import { offsetOf } from './offset-cursor.ts';
import { kindOf, millisecondsOf } from './span-columns.ts';

interface OperationsQuestion {
  readonly range: TimeRange;
  readonly service?: string | undefined;
  readonly kind: 'units' | 'calls' | 'all';
  readonly sort: 'requests' | 'errors' | 'p95' | 'time' | 'change';
  readonly cursor: string | undefined;
  readonly limit: number;
}

interface OperationRow {
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly n: number;
  readonly n_before: number;
  readonly errors: number;
  readonly errors_before: number;
  readonly total: number;
  readonly q: readonly (number | null)[];
  readonly q_before: readonly (number | null)[];
}

/** Operations that are compared; the busiest where there are more. */
const MOST_OPERATIONS = 5000;
const CONDITIONS = { units: 'is_unit = 1', calls: 'kind IN (3, 4)', all: '1' } as const;

/** Rate, errors and durations of every operation, and of the time of the same length before. */
export async function listOperations(
  reader: TelemetryReader,
  asked: OperationsQuestion,
): Promise<{ items: OperationView[]; next: string | null }> {
  const offset = offsetOf(asked.cursor);
  const rows = await readOperations(reader, asked);
  const seconds = (asked.range.toMs - asked.range.fromMs) / 1000;
  const operations = rows
    .filter(({ n }) => n > 0)
    .map((row) => operationOf(row, seconds))
    .toSorted((a, b) => rankOf(b, asked.sort) - rankOf(a, asked.sort) || b.requests - a.requests);
  const end = offset + asked.limit;
  return { items: operations.slice(offset, end), next: operations.length > end ? String(end) : null };
}

function readOperations(
  reader: TelemetryReader,
  { range, service, kind }: OperationsQuestion,
): Promise<OperationRow[]> {
  const parameters = createSqlParameters();
  const { fromMs, toMs } = range;
  const bounds = timeBounds(parameters, { fromMs: Math.max(0, fromMs - (toMs - fromMs)), toMs });
  const isService = service === undefined ? '1' : `service = ${parameters.add(service, 'String')}`;
  const from = `fromUnixTimestamp64Milli(${parameters.add(String(fromMs), 'Int64')}, 'UTC')`;
  const quantiles = 'quantilesBFloat16WeightedIf(0.5, 0.95, 0.99)';
  return reader.rows<OperationRow>(
    `SELECT toString(service) AS service, toString(name) AS name, kind, sumIf(weight, ts >= ${from}) AS n,
       sumIf(weight, ts < ${from}) AS n_before, sumIf(weight, is_error = 1 AND ts >= ${from}) AS errors,
       sumIf(weight, is_error = 1 AND ts < ${from}) AS errors_before,
       sumIf(duration_ns * weight, ts >= ${from}) AS total,
       ${quantiles}(duration_ns, toUInt64(round(weight)), ts >= ${from}) AS q,
       ${quantiles}(duration_ns, toUInt64(round(weight)), ts < ${from}) AS q_before
     FROM spans WHERE ${bounds} AND ${CONDITIONS[kind]} AND ${isService}
     GROUP BY service, name, kind ORDER BY n DESC LIMIT ${MOST_OPERATIONS}`,
    { name: 'traces.operations', parameters: parameters.values },
  );
}

function operationOf(row: OperationRow, seconds: number): OperationView {
  return {
    service: row.service,
    operation: row.name,
    kind: kindOf(row.kind),
    totalMs: millisecondsOf(row.total),
    ...figuresOf(row.n, row.errors, { quantiles: row.q, seconds }),
    before:
      row.n_before === 0 ? null : figuresOf(row.n_before, row.errors_before, { quantiles: row.q_before, seconds }),
  };
}

interface Spread {
  readonly quantiles: readonly (number | null)[];
  readonly seconds: number;
}

function figuresOf(requests: number, errors: number, { quantiles, seconds }: Spread) {
  const [p50, p95, p99] = quantiles.map((ns) => millisecondsOf(ns ?? 0));
  return {
    requests,
    ratePerSecond: requests / seconds,
    errors,
    errorRatio: Math.min(1, errors / requests),
    p50Ms: p50 ?? 0,
    p95Ms: p95 ?? 0,
    p99Ms: p99 ?? 0,
  };
}

function rankOf(operation: OperationView, sort: OperationsQuestion['sort']): number {
  switch (sort) {
    case 'requests':
      return operation.requests;
    case 'errors':
      return operation.errors;
    case 'p95':
      return operation.p95Ms;
    case 'time':
      return operation.totalMs;
    case 'change':
      return changeOf(operation);
  }
}

/** How much worse it became: the 95th percentile by factor, errors by points, whichever is more; new ones stand last. */
function changeOf({ before, p95Ms, errorRatio }: OperationView): number {
  if (before === null) return -Infinity;
  const slower = before.p95Ms > 0 ? Math.log(Math.max(p95Ms, 1e-3) / before.p95Ms) : 0;
  return Math.max(slower, 10 * (errorRatio - before.errorRatio));
}
