import type { StatusView } from '@belay/protocol';
import type { QueryStats } from '../telemetry/api.ts';
import type { Metric } from './metrics-text.ts';
import type { SelfReadings } from './self-readings.ts';

/** Durations of the last minute in ms; undefined where there were none. */
type Durations = { readonly p50: number; readonly p95: number } | undefined;

/** What Belay measures of itself beside its status. */
export interface SelfMeasures extends SelfReadings {
  readonly streams: number;
  /** From a request's arrival to the answer that it is stored. */
  readonly acknowledging: Durations;
  readonly waitingBytes: number;
  readonly rowsStored: number;
  readonly commitFailures: number;
  /** Rows (requests where nobody can tell their rows) that were not stored as sent, by cause; every cause, from 0. */
  readonly dropped: ReadonlyMap<string, number>;
  /** Bytes on disk by table; undefined where the store cannot tell. */
  readonly storeBytes: ReadonlyMap<string, number> | undefined;
  readonly freeDiskBytes: number;
  /** What questions to the store have cost, by name. */
  readonly queries: readonly QueryStats[];
}

/** Belay's own metrics: what `/metrics` tells, and what is stored under the service `belay`. */
export function selfMetrics(status: StatusView, measures: SelfMeasures): readonly Metric[] {
  return [
    ...statusMetrics(status),
    ...storeMetrics(measures),
    ...queryMetrics(measures.queries),
    ...processMetrics(status, measures),
  ];
}

function statusMetrics({ version, ready, checks, ingest, loop }: StatusView): Metric[] {
  return [
    { name: 'belay_info', help: 'Version of Belay.', type: 'gauge', values: [{ labels: { version }, value: 1 }] },
    one('belay_ready', 'gauge', 'Whether Belay can serve.', Number(ready)),
    {
      name: 'belay_check_ok',
      help: 'Self checks.',
      type: 'gauge',
      values: checks.map(({ name, ok }) => ({ labels: { check: name }, value: Number(ok) })),
    },
    {
      name: 'belay_ingest_requests_total',
      help: 'Telemetry requests by result.',
      type: 'counter',
      values: Object.entries(ingest).flatMap(([result, value]: [string, unknown]) =>
        typeof value === 'number' ? [{ labels: { result }, value }] : [],
      ),
    },
    one('belay_guard_loop_tick_seconds', 'gauge', 'Duration of the last round of the guards.', loop.lastTickMs / 1000),
    one(
      'belay_guard_loop_last_tick_timestamp_seconds',
      'gauge',
      'When the guards last looked.',
      (loop.lastTickAt ?? 0) / 1000,
    ),
    one('belay_guard_loop_lag_blocks', 'gauge', 'Stored seconds that no guard has judged yet.', loop.lagBlocks),
  ];
}

function storeMetrics(measures: SelfMeasures): Metric[] {
  const { acknowledging, waitingBytes, rowsStored, commitFailures, dropped, storeBytes, freeDiskBytes } = measures;
  return [
    ...quantiles('belay_ingest_ack_seconds', 'From a request to the answer that it is stored.', acknowledging),
    one('belay_ingest_waiting_bytes', 'gauge', 'Telemetry that waits to be stored.', waitingBytes),
    one('belay_telemetry_rows_total', 'counter', 'Rows stored since the start.', rowsStored),
    one('belay_telemetry_commit_failures_total', 'counter', 'Commits that failed since the start.', commitFailures),
    {
      name: 'belay_telemetry_dropped_total',
      help: 'Rows that were not stored as sent.',
      type: 'counter',
      values: [...dropped].map(([cause, value]) => ({ labels: { cause }, value })),
    },
    ...(storeBytes === undefined
      ? []
      : [one('belay_store_total_bytes', 'gauge', 'Telemetry on disk, all tables.', sumOf(storeBytes.values()))]),
    {
      name: 'belay_store_bytes',
      help: 'Telemetry on disk.',
      type: 'gauge',
      values: [...(storeBytes ?? [])].map(([table, value]) => ({ labels: { table }, value })),
    },
    one('belay_disk_free_bytes', 'gauge', 'Free space in the data folder.', freeDiskBytes),
  ];
}

function queryMetrics(queries: readonly QueryStats[]): Metric[] {
  const by = (
    name: string,
    type: Metric['type'],
    help: string,
    pick: (query: QueryStats) => number | null,
  ): Metric => ({
    name,
    help,
    type,
    values: queries.flatMap((query) => {
      const value = pick(query);
      return value === null ? [] : [{ labels: { query: query.name }, value }];
    }),
  });
  const seconds = (ms: number | null): number | null => (ms === null ? null : ms / 1000);
  return [
    by('belay_query_p95_seconds', 'gauge', 'The last 200 questions of a name.', ({ p95Ms }) => seconds(p95Ms)),
    by('belay_queries_total', 'counter', 'Questions to the telemetry store.', ({ count }) => count),
    by('belay_queries_failed_total', 'counter', 'Ended by deadline, limit or failure.', ({ failed }) => failed),
  ];
}

function processMetrics({ startedAt }: StatusView, measures: SelfMeasures): Metric[] {
  const { eventLoop, cpuSeconds, residentBytes, engineResidentBytes, streams } = measures;
  return [
    one('belay_live_streams', 'gauge', 'Open live streams.', streams),
    ...quantiles('belay_event_loop_delay_seconds', 'How long the event loop was held up.', {
      p50: eventLoop.p50,
      p99: eventLoop.p99,
    }),
    one('process_start_time_seconds', 'gauge', 'Start of the process.', startedAt / 1000),
    one('process_resident_memory_bytes', 'gauge', 'Resident memory.', residentBytes),
    ...(engineResidentBytes === undefined
      ? []
      : [one('belay_engine_resident_memory_bytes', 'gauge', 'Resident memory of the engine.', engineResidentBytes)]),
    one('process_cpu_seconds_total', 'counter', 'User and system time.', cpuSeconds),
  ];
}

function one(name: string, type: Metric['type'], help: string, value: number): Metric {
  return { name, help, type, values: [{ value }] };
}

function sumOf(values: Iterable<number>): number {
  return [...values].reduce((sum, value) => sum + value, 0);
}

/** Milliseconds by quantile (`p95`), told in seconds; nothing where there was nothing to measure. */
function quantiles(name: string, help: string, durations: Readonly<Record<string, number>> | undefined): Metric[] {
  if (durations === undefined) return [];
  const values = Object.entries(durations)
    .filter(([quantile]) => /^p\d+$/.test(quantile))
    .map(([quantile, ms]) => ({ labels: { quantile: String(Number(quantile.slice(1)) / 100) }, value: ms / 1000 }));
  return [{ name, help, type: 'gauge', values }];
}
