import { BelayError } from '@belay/core';
import { arrangeTrace, type PlacedSpan } from '@belay/core/traces';
import type { TraceSpan, TraceView } from '@belay/protocol';
import { createSqlParameters, type TelemetryReader } from '../telemetry/api.ts';
import { flagsOfTraces } from './list-traces.ts';
import { kindOf, millisecondsOf, traceValue } from './span-columns.ts';
import { traceNotes } from './trace-notes.ts';

export interface TraceRow {
  readonly span: string;
  readonly parent: string;
  readonly start_ns: string;
  readonly duration_ns: string;
  readonly service: string;
  readonly instance: string;
  readonly version: string;
  readonly environment: string;
  readonly scope: string;
  readonly name: string;
  readonly kind: number;
  readonly status: number;
  readonly status_message: string;
  readonly is_error: number;
  readonly http_status: number;
  readonly route: string;
  readonly flag_key: string;
  readonly variant: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly events: readonly (readonly [string, string, Readonly<Record<string, string>>])[];
  readonly links: readonly (readonly [string, string])[];
}

interface Extent {
  readonly total: number;
  readonly errors: number;
  readonly start_ns: string;
  readonly from_ms: number;
  readonly to_ms: number;
  readonly services: readonly string[];
}

/** Spans of one trace that are shown; of more, those with errors and then the earliest. */
const MOST_SPANS = 10_000;
const SLACK_MS = 3_600_000;
const CONSUMER = 5;

/** A trace as a waterfall. */
export async function readTrace(reader: TelemetryReader, id: string): Promise<TraceView> {
  const traceId = requireTraceId(id);
  const extent = await readExtent(reader, traceId);
  const range = { fromMs: Math.max(0, extent.from_ms - SLACK_MS), toMs: extent.to_ms + SLACK_MS };
  const [rows, logs, issues, flags] = await Promise.all([
    readSpans(reader, traceId),
    countLogs(reader, traceId),
    readIssues(reader, traceId),
    flagsOfTraces(reader, [traceId], range),
  ]);
  const start = BigInt(extent.start_ns);
  const placed = arrangeTrace(rows.map((row) => factsOf(row, start)));
  // Corrected clocks may begin before or end after what was sent.
  const first = placed.reduce((least, span) => Math.min(least, span.start), Infinity);
  const last = placed.reduce((most, span) => Math.max(most, span.start + span.span.duration), first);
  return {
    traceId,
    startAt: Number(start / 1_000_000n) + Math.floor(first),
    durationMs: round(last - first),
    services: [...extent.services],
    errors: extent.errors,
    total: extent.total,
    spans: placed.map((span) => spanOf(span, { start, first })),
    logs,
    issues,
    flags: flags.get(traceId) ?? [],
    notes: [...traceNotes(placed, extent.total)],
  };
}

function requireTraceId(id: string): string {
  if (/^[0-9a-fA-F]{32}$/.test(id)) return id.toLowerCase();
  const mend = 'Write its 32 hexadecimal digits.';
  throw new BelayError('request.invalid', 'That is not the id of a trace.', {
    hint: mend,
    issues: [{ path: 'id', message: 'is not a trace id', seen: id.slice(0, 120), mend }],
  });
}

async function readExtent(reader: TelemetryReader, traceId: string): Promise<Extent> {
  const parameters = createSqlParameters();
  const [extent] = await reader.rows<Extent>(
    `SELECT count() AS total, sum(is_error) AS errors, toString(toUnixTimestamp64Nano(min(ts))) AS start_ns,
       toUnixTimestamp64Milli(min(ts)) AS from_ms, toUnixTimestamp64Milli(max(ts)) AS to_ms,
       arraySort(groupUniqArray(200)(toString(service))) AS services
     FROM spans WHERE trace_id = ${traceValue(parameters, traceId)}`,
    { name: 'traces.read', parameters: parameters.values },
  );
  if (extent !== undefined && extent.total > 0) return extent;
  throw new BelayError('trace.not-found', `No span of trace ${traceId} is stored.`, {
    hint: 'It was sampled out, has not arrived yet, or is older than what is kept.',
  });
}

function readSpans(reader: TelemetryReader, traceId: string): Promise<TraceRow[]> {
  const parameters = createSqlParameters();
  return reader.rows<TraceRow>(
    `SELECT lower(hex(span_id)) AS span, if(parent_id = toFixedString('', 8), '', lower(hex(parent_id))) AS parent,
       toString(toUnixTimestamp64Nano(ts)) AS start_ns, toString(duration_ns) AS duration_ns, service, instance, version,
       environment, scope, name, kind, status, status_message, is_error, http_status, route, flag_key, variant, attributes,
       arrayMap((at, event, about) -> (toString(toUnixTimestamp64Nano(at)), toString(event), about),
         event_ts, event_name, event_attributes) AS events,
       arrayMap((trace, span) -> (lower(hex(trace)), lower(hex(span))), link_trace_id, link_span_id) AS links
     FROM spans WHERE trace_id = ${traceValue(parameters, traceId)}
     ORDER BY is_error DESC, ts, span_id LIMIT ${MOST_SPANS}`,
    { name: 'traces.read', parameters: parameters.values },
  );
}

async function countLogs(reader: TelemetryReader, traceId: string): Promise<number> {
  const parameters = createSqlParameters();
  const [row] = await reader.rows<{ n: number }>(
    `SELECT count() AS n FROM logs WHERE trace_id = ${traceValue(parameters, traceId)}`,
    { name: 'traces.logs', parameters: parameters.values },
  );
  return row?.n ?? 0;
}

async function readIssues(reader: TelemetryReader, traceId: string): Promise<TraceView['issues']> {
  const parameters = createSqlParameters();
  const rows = await reader.rows<{ id: string; title: string; span: string }>(
    `SELECT leftPad(lower(hex(issue)), 16, '0') AS id, any(if(type = '', value, concat(type, ': ', substringUTF8(value, 1, 200)))) AS title,
       lower(hex(any(span_id))) AS span
     FROM error_events WHERE trace_id = ${traceValue(parameters, traceId)} GROUP BY issue ORDER BY min(ts) LIMIT 50`,
    { name: 'traces.issues', parameters: parameters.values },
  );
  return rows.map(({ id, title, span }) => ({ issueId: id, title, spanId: /^0*$/.test(span) ? null : span }));
}

function factsOf(row: TraceRow, start: bigint) {
  return {
    id: row.span,
    parentId: row.parent,
    process: `${row.service}\n${row.instance}`,
    start: sinceNs(row.start_ns, start),
    duration: Number(row.duration_ns) / 1e6,
    isSynchronous: row.kind !== CONSUMER,
    row,
  };
}

type Facts = ReturnType<typeof factsOf>;

function spanOf(
  placed: PlacedSpan<Facts>,
  { start, first }: { readonly start: bigint; readonly first: number },
): TraceSpan {
  const { row, duration } = placed.span;
  const at = (ns: string): number => round(sinceNs(ns, start) + placed.skew - first);
  return {
    spanId: row.span,
    parentId: row.parent === '' ? null : row.parent,
    depth: placed.depth,
    children: placed.children,
    service: row.service,
    instance: row.instance,
    version: row.version,
    environment: row.environment,
    scope: row.scope,
    name: row.name,
    kind: kindOf(row.kind),
    startMs: round(placed.start - first),
    durationMs: round(duration),
    selfMs: round(placed.self),
    skewMs: round(placed.skew),
    startNs: row.start_ns,
    status: row.status === 2 ? 'error' : row.status === 1 ? 'ok' : 'unset',
    statusMessage: row.status_message,
    isError: row.is_error === 1,
    httpStatus: row.http_status === 0 ? null : row.http_status,
    route: row.route,
    flagKey: row.flag_key,
    variant: row.variant,
    attributes: row.attributes,
    events: row.events.map(([ns, name, attributes]) => ({ startMs: at(ns), name, attributes })),
    links: row.links.map(([traceId, spanId]) => ({ traceId, spanId })),
    placed: placed.placed,
  };
}

function sinceNs(ns: string, start: bigint): number {
  return Number(BigInt(ns) - start) / 1e6;
}

function round(ms: number): number {
  return millisecondsOf(ms * 1e6);
}
