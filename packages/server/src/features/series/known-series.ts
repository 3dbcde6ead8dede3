import type { FamilyFacts } from '@belay/wire';
import type { TelemetryReader } from '../telemetry/api.ts';

/** A series that was stored before Belay started. */
export interface KnownSeries {
  readonly fp: bigint;
  readonly service: string;
  /** Unix seconds. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

/** Descriptions are written again after six hours at the latest, so what is older is not active. */
const ACTIVE_HOURS = 7;
/** More than the guard lets be active. */
const MOST = 1_200_000;

/** Series that were active lately: they are not new when they come again. */
export async function loadKnownSeries(reader: TelemetryReader, nowSecond: number): Promise<readonly KnownSeries[]> {
  const rows = await reader.rows<{ fp: string; service: string; first: number; last: number }>(
    `SELECT toString(fp) AS fp, any(service) AS service, toUnixTimestamp(min(first_seen)) AS first,
      toUnixTimestamp(max(last_seen)) AS last
    FROM series WHERE last_seen >= toDateTime({since:UInt32}, 'UTC') GROUP BY fp LIMIT {most:UInt32}`,
    {
      name: 'series.known',
      parameters: { since: Math.max(0, nowSecond - ACTIVE_HOURS * 3600), most: MOST },
      deadlineMs: 30_000,
    },
  );
  return rows.map(({ fp, service, first, last }) => ({ fp: BigInt(fp), service, firstSeen: first, lastSeen: last }));
}

/** More than are remembered. */
const MOST_DESCRIPTIONS = 100_000;
const KINDS: Readonly<Record<string, FamilyFacts['kind']>> = { sum: 'counter', gauge: 'gauge' };

/**
 * How metrics of remote write were described last, for however long they have been silent: senders tell metadata apart
 * from samples and later, and until then a series must not be written without its description.
 */
export async function loadDescriptions(reader: TelemetryReader): Promise<readonly FamilyFacts[]> {
  const rows = await reader.rows<{ metric: string; kind: string; unit: string; description: string }>(
    `SELECT s.metric AS metric, argMax(s.kind, s.last_seen) AS kind, argMax(s.unit, s.last_seen) AS unit,
      argMax(s.description, s.last_seen) AS description
    FROM series AS s
    WHERE s.source = 'remote-write' AND (s.description != '' OR s.unit != '' OR s.kind = 'gauge')
    GROUP BY metric ORDER BY max(s.last_seen) DESC LIMIT {most:UInt32}`,
    { name: 'series.described', parameters: { most: MOST_DESCRIPTIONS }, deadlineMs: 30_000 },
  );
  return rows.map(({ metric, kind, unit, description }) => ({
    family: metric,
    kind: KINDS[kind] ?? 'unknown',
    unit,
    description,
  }));
}
