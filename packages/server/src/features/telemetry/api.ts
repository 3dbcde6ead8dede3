import type { Histogram, OutcomeBlock, Side } from '@belay/core';
import type { WriteRequest } from './tables/row-set.ts';
import type { RollupMaker } from './rollups/rollup-maker.ts';
import type { TelemetryReader } from './telemetry-reader.ts';

/** Which outcomes a rollout's attempt is judged on. */
export interface BlockQuery {
  readonly rolloutId: string;
  readonly flagKey: string;
  readonly canaryVariant: string;
  readonly controlVariant: string;
  /** First second (Unix) wanted, inclusive. */
  readonly fromSecond: number;
  /** Flag revision at which the attempt began; outcomes of older revisions are not judged. */
  readonly sinceRevision: number;
}

/** One stored minute (or other step) of a service, or of one side of a rollout. */
export interface SeriesPoint {
  /** Start of the step, Unix ms. */
  readonly at: number;
  readonly units: number;
  readonly errors: number;
  /**
   * 95th percentile of the duration in ms, null without units: of outcomes the upper bound of its bucket, of spans
   * within 2%.
   */
  readonly p95: number | null;
  /** Sum of units' tracked values by name, approximated by bucket middles (at most 2.2% off). */
  readonly values: ReadonlyMap<string, { readonly count: number; readonly sum: number }>;
}

export interface ServiceSeriesQuery {
  /** All services together when absent. */
  readonly service?: string;
  readonly fromMs: number;
  readonly throughMs: number;
  readonly stepSeconds: number;
}

export interface RolloutSeriesQuery extends BlockQuery {
  readonly throughSecond: number;
  readonly stepSeconds: number;
}

export interface BaselineQuery {
  readonly flagKey: string;
  readonly variant: string;
  /** Half-open interval of arrival, Unix ms; typically the last 24 h. */
  readonly fromMs: number;
  readonly throughMs: number;
}

/** What a variant did over a stretch of history. */
export interface Baseline {
  readonly units: number;
  readonly errors: number;
  readonly duration: Histogram;
  readonly values: ReadonlyMap<string, Histogram>;
  /** Unix ms of the first and last arrival; null without any. */
  readonly firstAt: number | null;
  readonly lastAt: number | null;
  /** How long there was traffic, ms: the span without the windows of five minutes in which nothing arrived. */
  readonly activeMs: number;
}

/** When an instance of a service was last heard of. */
export interface Seen {
  readonly service: string;
  readonly instance: string;
  /** `telemetry.sdk.name` and version; `belay` for Belay's own SDK. */
  readonly sdk: string;
  readonly sdkVersion: string;
  /** Unix ms of arrival of the last outcome (or flag evaluation); null when none came in the window. */
  readonly outcomeAt: number | null;
  /** Unix ms of arrival of the last span or log record; null when none came in the window. */
  readonly telemetryAt: number | null;
  readonly units: number;
}

export interface LastSeenQuery {
  readonly rolloutId?: string;
  readonly flagKey?: string;
  readonly service?: string;
  /** How far back to look, Unix ms. */
  readonly sinceMs: number;
}

export interface ExposureQuery extends BlockQuery {
  readonly side: Side;
  readonly throughSecond: number;
}

/** What reading and writing telemetry looks like to other features. */
export interface TelemetryStore {
  /**
   * Stores what a request brings for any tables, as a whole; resolves once it survives `kill -9`. `duplicate` when the
   * same bytes were stored before.
   */
  write(content: WriteRequest, request: RequestMark): Promise<'stored' | 'duplicate'>;
  /** Newest second S such that no row whose block is <= S can still be written. Never decreases. */
  closedThrough(): number;
  /** Blocks of many rollouts with one query, by rollout id; seconds without outcomes have no block. Closed seconds only. */
  readBlocksForAll(
    queries: readonly BlockQuery[],
    throughSecond: number,
  ): Promise<ReadonlyMap<string, readonly OutcomeBlock[]>>;
  readBlocks(query: BlockQuery, throughSecond: number): Promise<readonly OutcomeBlock[]>;
  /** Units per step and side of one rollout. */
  readRolloutSeries(query: RolloutSeriesQuery): Promise<Readonly<Record<Side, readonly SeriesPoint[]>>>;
  /** Units per step, by service. */
  readServiceSeries(query: ServiceSeriesQuery): Promise<ReadonlyMap<string, readonly SeriesPoint[]>>;
  readBaseline(query: BaselineQuery): Promise<Baseline>;
  /** Instances heard of since a time, for telling "no telemetry" from "no exposures". */
  lastSeen(query: LastSeenQuery): Promise<readonly Seen[]>;
  /** For questions of other features in SQL. */
  readonly reader: TelemetryReader;
  /** Sums by minute, hour and day of everything that has arrived. */
  readonly rollups: RollupMaker;
  stats(): TelemetryStats;
  /** Stores what is waiting, then stops. The engine is the caller's to close. */
  close(): Promise<void>;
}

/** Identity of a request for exactly-once storage. */
export interface RequestMark {
  /** First 64 bits of the hash of the decoded body with its address. */
  readonly hash: bigint;
  /** Bytes the waiting rows are accounted with. */
  readonly bytes: number;
}

export interface TelemetryStats {
  readonly rowsStored: number;
  readonly commits: number;
  readonly commitFailures: number;
  readonly duplicates: number;
  readonly lateRows: number;
  readonly waitingBytes: number;
  readonly lastCommitAt: number | null;
}

export { createTelemetryStore, type TelemetryStoreOptions } from './telemetry-store.ts';
export { ownPoints, type OwnPoint } from './tables/own-points.ts';
export { rowsOfBatch, rowsOfColumns } from './tables/batch-rows.ts';
export { fingerprintOf } from './tables/distribution-columns.ts';
export { rowsOfMetrics } from './tables/metric-rows.ts';
export { rowSet, upkeepRows } from './tables/row-set.ts';
export type { Arrival, RowSet, UpkeepRows, WriteRequest } from './tables/row-set.ts';
export type { SeriesDescription } from './tables/series.ts';
export { newSignalPoints, signalPointsTable } from './tables/signal-points.ts';
export { checkInsTable } from './tables/check-ins.ts';
export { errorEventsTable } from './tables/error-events.ts';
export { sentrySessionsTable } from './tables/sentry-sessions.ts';
export { userFeedbackTable } from './tables/user-feedback.ts';
export { allTables } from './tables/table-registry.ts';
export type { TableDefinition } from './tables/table-definition.ts';
export { compactRollup, isCompactable, rolledThrough } from './rollups/rollup-days.ts';
export type { RollupMaker, RollupMarks } from './rollups/rollup-maker.ts';
export { rollupQuantile, rollupQuantiles } from './rollups/rollup-histogram.ts';
export type { Stretch } from './rollups/stretches.ts';
export type { Sums, SumsQuestion } from './rollup-reader.ts';
export type { QueryStats } from './query-stats.ts';
export type { BytesOptions, ReadOptions, ReaderStats, TelemetryReader } from './telemetry-reader.ts';
export { createTelemetryReader } from './telemetry-reader.ts';
export { createSqlParameters, type SqlParameters } from './sql-parameters.ts';
export { arrivedSince, nanosecondBounds, nanosecondsOf, nanosecondTime, timeBounds } from './time-bounds.ts';
