import { arrangeTrace } from '@belay/core/traces';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { createSqlParameters, type TelemetryReader, timeBounds } from '../telemetry/api.ts';
import { DB_SYSTEM, traceSet } from './span-columns.ts';

export type Side = 'canary' | 'control';

/** A request that took one side: its trace, and the service that read the flag. */
export interface SidedTrace {
  readonly id: string;
  readonly side: Side;
  readonly service: string;
}

/** A span of a compared trace, with the time in which none of its children runs. */
export interface ComparedSpan {
  readonly traceId: string;
  readonly service: string;
  readonly name: string;
  readonly kind: number;
  readonly durationMs: number;
  readonly selfMs: number;
  readonly startMs: number;
  readonly isUnit: boolean;
  readonly isError: boolean;
  readonly message: string;
  readonly work: 'own work' | 'database' | 'queue' | 'calls to others';
}

interface SpanRow {
  readonly trace: string;
  readonly span: string;
  readonly parent: string;
  readonly service: string;
  readonly instance: string;
  readonly name: string;
  readonly kind: number;
  readonly start_ms: number;
  readonly duration: number;
  readonly is_unit: number;
  readonly is_error: number;
  readonly message: string;
  readonly is_database: number;
  readonly is_queue: number;
}

/** Requests of each side that are looked at. */
const MOST_TRACES = 400;
const MOST_SPANS = 200_000;
const SLACK_MS = 3_600_000;

interface SidesQuestion {
  readonly flagKey: string;
  readonly canaryVariant: string;
  readonly controlVariant: string;
  readonly range: TimeRange;
}

/**
 * Traces in which the flag gave one of both variants, an even sample of each side, and how many there are. Traces that
 * saw both variants say nothing about either.
 */
export async function readSides(
  reader: TelemetryReader,
  { flagKey, canaryVariant, controlVariant, range }: SidesQuestion,
): Promise<{ readonly traces: readonly SidedTrace[]; readonly total: Readonly<Record<Side, number>> }> {
  const parameters = createSqlParameters();
  const canary = parameters.add(canaryVariant, 'String');
  const rows = await reader.rows<{ id: string; side: Side; service: string; total: number }>(
    `SELECT lower(hex(trace_id)) AS id, if(seen = ${canary}, 'canary', 'control') AS side, service,
       count() OVER (PARTITION BY seen) AS total
     FROM (SELECT trace_id, any(toString(variant)) AS seen, any(toString(service)) AS service FROM evaluations
       WHERE flag = ${parameters.add(flagKey, 'String')} AND ${timeBounds(parameters, range)}
         AND trace_id != toFixedString('', 16)
       GROUP BY trace_id
       HAVING uniqExact(variant) = 1 AND seen IN (${canary}, ${parameters.add(controlVariant, 'String')}))
     ORDER BY cityHash64(trace_id) LIMIT ${MOST_TRACES} BY side`,
    { name: 'traces.compare', parameters: parameters.values },
  );
  const totalOf = (side: Side): number => rows.find((row) => row.side === side)?.total ?? 0;
  return { traces: rows, total: { canary: totalOf('canary'), control: totalOf('control') } };
}

/** Every span of some traces, with its own time. */
export async function readComparedSpans(
  reader: TelemetryReader,
  traces: readonly SidedTrace[],
  range: TimeRange,
): Promise<readonly ComparedSpan[]> {
  if (traces.length === 0) return [];
  const parameters = createSqlParameters();
  const wide = { fromMs: Math.max(0, range.fromMs - SLACK_MS), toMs: range.toMs + SLACK_MS };
  const ids = traceSet(
    parameters,
    traces.map(({ id }) => id),
  );
  const rows = await reader.rows<SpanRow>(
    `SELECT lower(hex(trace_id)) AS trace, lower(hex(span_id)) AS span,
       if(parent_id = toFixedString('', 8), '', lower(hex(parent_id))) AS parent, service, instance, name, kind,
       toUnixTimestamp64Nano(ts) / 1e6 AS start_ms, duration_ns / 1e6 AS duration, is_unit, is_error,
       multiIf(is_error = 0, '', status_message != '', substringUTF8(status_message, 1, 200),
         substringUTF8(arrayFirst(m -> m != '', arrayMap(a -> a['exception.message'], event_attributes)), 1, 200)) AS message,
       ${DB_SYSTEM} != '' AS is_database, attributes['messaging.system'] != '' OR kind IN (4, 5) AS is_queue
     FROM spans WHERE ${timeBounds(parameters, wide)} AND trace_id IN (${ids})
     ORDER BY trace_id, ts LIMIT ${MOST_SPANS}`,
    { name: 'traces.compare', parameters: parameters.values },
  );
  const byTrace = Map.groupBy(rows, ({ trace }) => trace);
  return [...byTrace.values()].flatMap(comparedSpans);
}

function comparedSpans(rows: readonly SpanRow[]): readonly ComparedSpan[] {
  const placed = arrangeTrace(
    rows.map((row) => ({
      id: row.span,
      parentId: row.parent,
      process: `${row.service}\n${row.instance}`,
      start: row.start_ms,
      duration: row.duration,
      isSynchronous: row.kind !== 5,
      row,
    })),
  );
  return placed.map(({ span: { row, duration, start }, self }) => ({
    traceId: row.trace,
    service: row.service,
    name: row.name,
    kind: row.kind,
    durationMs: duration,
    selfMs: self,
    startMs: start,
    isUnit: row.is_unit === 1,
    isError: row.is_error === 1,
    message: row.message,
    work: workOf(row),
  }));
}

function workOf(row: SpanRow): ComparedSpan['work'] {
  if (row.is_database === 1) return 'database';
  if (row.is_queue === 1 && row.is_unit === 0) return 'queue';
  return row.kind === 3 ? 'calls to others' : 'own work';
}
