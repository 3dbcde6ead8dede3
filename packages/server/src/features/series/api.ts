import type { RedactionCounts, Redactor } from '@belay/core/redaction';
import type { FastifyPluginAsync } from 'fastify';
import type { CardinalityView } from '@belay/protocol';
import type { DecodedMetrics, SeriesIndex, TimeBounds } from '@belay/wire';
import type { EngineLog } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { TelemetryReader, WriteRequest } from '../telemetry/api.ts';
import type { SeriesLimits } from './cardinality-guard.ts';

export interface SeriesOptions {
  readonly reader: TelemetryReader;
  readonly clock: { now(): number };
  readonly log: EngineLog;
  /** Takes secrets out of labels, resources and exemplars; default: all built-in rules. */
  readonly redactor?: Redactor;
  /** Default 20,000 new series an hour and 100,000 active ones. */
  readonly limits?: SeriesLimits;
  /** Points older, or further in the future, are refused. Default 30 days and 10 minutes. */
  readonly times?: { readonly maxAgeMs: number; readonly maxAheadMs: number };
}

export interface SeriesStats {
  /** Series heard of lately. */
  readonly active: number;
  /** Services whose new series are refused. */
  readonly refusing: number;
}

/** The series of all metrics, however they come in: which there are, how they are described, and which are too many. */
export interface Series {
  readonly routes: FastifyPluginAsync;
  /** Resolves when the series that were stored before are known; rejects with `telemetry.unavailable`. */
  whenReady(): Promise<void>;
  /** Finds series by the bytes of their labels, for the decoders. */
  readonly index: SeriesIndex;
  /** Which times are taken now. */
  timeBounds(): TimeBounds;
  /** What a decoded request stores, descriptions of series included; `counts` tells which secrets were taken out. */
  contentOf(decoded: DecodedMetrics, counts?: RedactionCounts): WriteRequest;
  /** Notes that the content of a request was stored. */
  stored(decoded: DecodedMetrics): void;
  cardinality(service?: string): readonly CardinalityView[];
  stats(): SeriesStats;
  close(): Promise<void>;
}

export { createSeries } from './series.ts';
export type { SeriesLimits } from './cardinality-guard.ts';
