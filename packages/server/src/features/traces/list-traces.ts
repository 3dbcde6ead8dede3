import type { TraceSummary } from '@belay/protocol';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { createSqlParameters, type TelemetryReader, timeBounds } from '../telemetry/api.ts';
import { millisecondsOf, NO_PARENT, traceSet } from './span-columns.ts';
import { readTracePage, type TracePageQuestion } from './trace-page.ts';

interface SummaryRow {
  readonly id: string;
  readonly start_ms: number;
  readonly duration: number;
  readonly root: readonly [service: string, name: string];
  readonly has_root: number;
  readonly services: readonly string[];
  readonly spans: number;
  readonly errors: number;
}

const SLACK_MS = 3_600_000;

/** A page of traces that fit, newest or slowest first. */
export async function listTraces(
  reader: TelemetryReader,
  question: TracePageQuestion,
): Promise<{ items: TraceSummary[]; next: string | null }> {
  const { ids, next } = await readTracePage(reader, question);
  if (ids.length === 0) return { items: [], next: null };
  const around = { fromMs: Math.max(0, question.range.fromMs - SLACK_MS), toMs: question.range.toMs + SLACK_MS };
  const [rows, flags] = await Promise.all([summaries(reader, ids, around), flagsOfTraces(reader, ids, around)]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const items = ids.flatMap((id) => {
    const row = byId.get(id);
    return row === undefined ? [] : [summaryOf(row, flags.get(id) ?? [])];
  });
  return { items, next };
}

function summaryOf(row: SummaryRow, flags: TraceSummary['flags']): TraceSummary {
  return {
    traceId: row.id,
    startAt: row.start_ms,
    durationMs: millisecondsOf(row.duration),
    rootService: row.root[0],
    rootOperation: row.root[1],
    hasRoot: row.has_root > 0,
    services: [...row.services],
    spans: row.spans,
    errors: row.errors,
    flags,
  };
}

function summaries(reader: TelemetryReader, ids: readonly string[], range: TimeRange): Promise<SummaryRow[]> {
  const parameters = createSqlParameters();
  return reader.rows<SummaryRow>(
    `SELECT lower(hex(trace_id)) AS id, toUnixTimestamp64Milli(min(ts)) AS start_ms,
       max(toUnixTimestamp64Nano(ts) + toInt64(least(duration_ns, 4000000000000000000))) - min(toUnixTimestamp64Nano(ts)) AS duration,
       argMin((toString(service), toString(name)), (parent_id != ${NO_PARENT}, ts)) AS root,
       countIf(parent_id = ${NO_PARENT}) AS has_root,
       arraySort(groupUniqArray(50)(toString(service))) AS services, count() AS spans, sum(is_error) AS errors
     FROM spans WHERE ${timeBounds(parameters, range)} AND trace_id IN (${traceSet(parameters, ids)}) GROUP BY trace_id`,
    { name: 'traces.list', parameters: parameters.values },
  );
}

/** Flags that were evaluated in traces, with the variants they gave. */
export async function flagsOfTraces(
  reader: TelemetryReader,
  ids: readonly string[],
  range: TimeRange,
): Promise<ReadonlyMap<string, { flagKey: string; variant: string }[]>> {
  const parameters = createSqlParameters();
  const rows = await reader.rows<{ id: string; flag: string; variant: string }>(
    `SELECT DISTINCT lower(hex(trace_id)) AS id, toString(flag) AS flag, toString(variant) AS variant FROM evaluations
     WHERE ${timeBounds(parameters, range)} AND trace_id IN (${traceSet(parameters, ids)})
     ORDER BY id, flag, variant LIMIT 10000`,
    { name: 'traces.flags', parameters: parameters.values },
  );
  const flags = new Map<string, { flagKey: string; variant: string }[]>();
  for (const { id, flag, variant } of rows) {
    const known = flags.get(id);
    if (known === undefined) flags.set(id, [{ flagKey: flag, variant }]);
    else known.push({ flagKey: flag, variant });
  }
  return flags;
}
