import type { ResourceFacts } from './telemetry-batch.ts';

/** Counts of an exponential histogram on one side of zero: bucket index and count, empty buckets left out. */
export type Buckets = readonly (readonly [index: number, count: number])[];

/** The part of an OTLP metric data point that outcomes are made of. */
export interface MetricPoint {
  readonly timeNs: bigint;
  readonly attributes: readonly string[];
  /** Of a sum or gauge. */
  readonly value: number;
  /** Of an exponential histogram. */
  readonly scale: number;
  readonly count: number;
  readonly zeroCount: number;
  readonly positive: Buckets;
  readonly negative: Buckets;
}

/** An OTLP metric with its points. */
export interface Metric {
  readonly resource: ResourceFacts;
  readonly name: string;
  readonly unit: string;
  readonly kind: 'gauge' | 'sum' | 'histogram' | 'exponential-histogram' | 'summary' | 'none';
  /** 0 unspecified, 1 delta, 2 cumulative. */
  readonly temporality: number;
  readonly points: readonly MetricPoint[];
}
