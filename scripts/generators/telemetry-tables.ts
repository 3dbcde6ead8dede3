import { allTables } from '@belay/server';

/** What the rows of a table are; a table without an entry is described by its columns alone. */
const ABOUT: Readonly<Record<string, string>> = {
  spans:
    'Spans. `is_unit`: the span stands for a unit of work (it serves or consumes, or nothing called it). `is_error`: status error or HTTP 5xx. `weight`: how many spans a row stands for once others like it were thinned out. `resource` holds the attributes of the resource in rows of Belay 0.1; newer rows refer to `resources` by `res_id`.',
  logs: 'Log records. `pattern` is equal for lines that are alike. `resource` and `weight` as in `spans`.',
  evaluations: 'Flag evaluations that spans and log records tell of, for services without the SDK.',
  outcomes: 'Units of work as SDKs count them, by flag, variant and side; verdicts are replayed from them.',
  resources: 'Who sends: the attributes that `res_id` stands for. Read with `FINAL` or `GROUP BY res_id`.',
  series:
    'Series of metrics: what `fp` stands for in the tables `m_*` and `exemplars`. Read with `FINAL` or `GROUP BY fp`.',
  m_num:
    "Points of gauges and sums. NaNs are kept bit by bit; one of them is Prometheus' mark for the end of a series.",
  m_hist: 'Points of histograms with explicit bounds.',
  m_exp: 'Points of exponential histograms.',
  m_summary: 'Points of summaries.',
  exemplars: 'Single measurements with the trace in which they were taken.',
  error_events: "Errors as Sentry's SDKs and OpenTelemetry's exceptions tell them; `issue` names their group.",
  sentry_sessions: 'Release health: sessions one by one or counted.',
  check_ins: 'Check-ins of scheduled jobs.',
};

/** Every table of the telemetry store with its columns, from the very definitions that create them. */
export function generateTelemetryTables(): string {
  return [
    '# Telemetry tables',
    '',
    '<!-- Written by `npm run generate` from packages/server/src/features/telemetry/tables. -->',
    '',
    'Everything that telemetry stores, in ClickHouse: the embedded engine, or the server at `BELAY_CLICKHOUSE_URL`. The tables',
    'are for reading; only Belay writes to them. Columns may be added; types and names of those that are there stay.',
    '',
    '`_in` is the second in which the commit that stored the row began, by the clock of Belay; partitions follow it, so that a',
    'commit is one part, there in full or not at all, whatever times its rows carry. `_req` is the hash of the request that',
    'brought the row; a request is stored once. `ts` is the time that the sender told. Times are UTC. Days of retention are the',
    'defaults.',
    '',
    ...allTables.flatMap((table) => [
      `## ${table.name}`,
      '',
      ...(ABOUT[table.name] === undefined ? [] : [ABOUT[table.name] ?? '', '']),
      `Engine \`${table.engine ?? 'MergeTree'}\`, ordered by \`${table.orderBy}\`, kept for ${table.retentionDays} days.`,
      '',
      '| column | type |',
      '|---|---|',
      ...Object.entries(table.columns).map(([name, type]) => `| \`${name}\` | \`${oneLine(type)}\` |`),
      '',
      ...Object.entries(table.indexes ?? {}).map(([name, type]) => `- index \`${name}\`: \`${oneLine(type)}\``),
      ...(table.indexes === undefined ? [] : ['']),
    ]),
  ].join('\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').replaceAll('|', '\\|');
}
