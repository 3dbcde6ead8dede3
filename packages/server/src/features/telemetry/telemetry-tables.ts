import type { ClickHouseClient } from '@clickhouse/client';

/** Tables that requests are written to. */
export const tableNames = ['outcomes', 'evaluations', 'spans', 'logs'] as const;
export type TableName = (typeof tableNames)[number];

/**
 * `_in` is the block: the second in which the row's commit began, by Belay's clock. `_req` is the hash of the request.
 * Partitions follow `_in`, so that a commit is one part in one partition, whatever times its rows carry.
 */
const ARRIVAL = "_in DateTime('UTC') CODEC(Delta, ZSTD(1)), _req UInt64";
const SENDER = 'service LowCardinality(String), instance LowCardinality(String)';
const ATTRIBUTES = 'Map(LowCardinality(String), String) CODEC(ZSTD(1))';

const BODIES: Readonly<Record<TableName, string>> = {
  outcomes: `(${ARRIVAL}, ts DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)), late UInt8, ${SENDER},
    sdk LowCardinality(String), sdk_version LowCardinality(String),
    rollout LowCardinality(String), flag LowCardinality(String), revision UInt64,
    variant LowCardinality(String), arm LowCardinality(String), side LowCardinality(String), grp Int8,
    units UInt64, errors UInt64, exposures UInt64, distinct_bad UInt64,
    value_name LowCardinality(String), hist Map(Int16, UInt64) CODEC(ZSTD(1))
  ) ENGINE = MergeTree PARTITION BY toDate(_in) ORDER BY (flag, _in, rollout, side, grp)`,
  evaluations: `(${ARRIVAL}, ts DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)), late UInt8, ${SENDER},
    sdk LowCardinality(String), sdk_version LowCardinality(String), trace_id FixedString(16), span_id FixedString(8),
    flag LowCardinality(String), variant LowCardinality(String), revision UInt64,
    key_hash UInt64, grp Int8, judged UInt8
  ) ENGINE = MergeTree PARTITION BY toDate(_in) ORDER BY (flag, _in, trace_id)`,
  spans: `(${ARRIVAL}, ts DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)), span_id FixedString(8) CODEC(ZSTD(1)), parent_id FixedString(8) CODEC(ZSTD(1)),
    ${SENDER}, scope LowCardinality(String), name LowCardinality(String), kind UInt8, status UInt8,
    status_message String CODEC(ZSTD(1)), duration_ns UInt64 CODEC(ZSTD(1)), is_unit UInt8, is_error UInt8,
    http_status UInt16, route LowCardinality(String), flag_key LowCardinality(String), variant LowCardinality(String),
    attributes ${ATTRIBUTES}, resource ${ATTRIBUTES},
    event_ts Array(DateTime64(9, 'UTC')), event_name Array(LowCardinality(String)),
    event_attributes Array(Map(LowCardinality(String), String)),
    INDEX by_arrival _in TYPE minmax GRANULARITY 1, INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1
  ) ENGINE = MergeTree PARTITION BY toDate(_in) ORDER BY (toStartOfFiveMinutes(ts), service, name, ts)`,
  logs: `(${ARRIVAL}, ts DateTime64(9, 'UTC') CODEC(Delta, ZSTD(1)),
    trace_id FixedString(16) CODEC(ZSTD(1)), span_id FixedString(8) CODEC(ZSTD(1)),
    ${SENDER}, scope LowCardinality(String), severity UInt8, severity_text LowCardinality(String),
    event_name LowCardinality(String), body String CODEC(ZSTD(1)), flag_key LowCardinality(String),
    variant LowCardinality(String), attributes ${ATTRIBUTES}, resource ${ATTRIBUTES},
    INDEX by_arrival _in TYPE minmax GRANULARITY 1, INDEX by_trace trace_id TYPE bloom_filter(0.01) GRANULARITY 1
  ) ENGINE = MergeTree PARTITION BY toDate(_in) ORDER BY (toStartOfFiveMinutes(ts), service, severity, ts)`,
};

/** Creates what is missing and brings the settings of the tables up to date. */
export async function prepareTables(
  client: ClickHouseClient,
  options: { readonly minFreeDiskBytes: number },
): Promise<void> {
  const settings = Object.entries(tableSettings(options.minFreeDiskBytes)).map(([name, value]) => `${name} = ${value}`);
  for (const table of tableNames) {
    await client.command({
      query: `CREATE TABLE IF NOT EXISTS ${table} ${BODIES[table]} TTL _in + INTERVAL ${RETENTION_DAYS[table]} DAY
        SETTINGS ${settings.join(', ')}`,
    });
    await client.command({ query: `ALTER TABLE ${table} MODIFY SETTING ${settings.join(', ')}` });
  }
}

/** Outcomes are small and verdicts are replayed from them; raw spans and logs are large. */
const RETENTION_DAYS: Readonly<Record<TableName, number>> = { outcomes: 400, evaluations: 30, spans: 3, logs: 3 };

function tableSettings(minFreeDiskBytes: number): Readonly<Record<string, number>> {
  return {
    // A 200 must survive a power cut: file, part folder, and what merges make of them.
    fsync_after_insert: 1,
    fsync_part_directory: 1,
    min_rows_to_fsync_after_merge: 1,
    // The engine's own deduplication loses acknowledged rows after a crash; requests are known by `_req`.
    non_replicated_deduplication_window: 0,
    min_free_disk_bytes_to_perform_insert: minFreeDiskBytes,
    ttl_only_drop_parts: 1,
  };
}
