import { BelayError } from '@belay/core';
import type { TelemetryReader } from '../telemetry/api.ts';
import { createBudget } from './evaluate/budget.ts';
import type { Budget } from './evaluate/budget.ts';
import type { EvaluationRules, MetricStorage } from './evaluate/evaluation.ts';
import { defaultRules, runQuery } from './evaluate/run-query.ts';
import type { QueryAnswer } from './evaluate/run-query.ts';
import type { Grid } from './evaluate/series.ts';
import type { SeriesFinder } from './storage/find-series.ts';
import { createClickHouseStorage } from './storage/clickhouse-storage.ts';

/** Bounds of one query. */
export interface PromqlLimits {
  /** Samples read and points made by one query. */
  readonly samples: number;
  readonly series: number;
  readonly timeoutMs: number;
  /** Queries that run at the same time. */
  readonly concurrent: number;
}

export const defaultLimits: PromqlLimits = { samples: 20_000_000, series: 100_000, timeoutMs: 60_000, concurrent: 20 };

export interface PromqlQuery {
  readonly query: string;
  readonly grid: Grid;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface PromqlAnswer extends QueryAnswer {
  readonly samples: number;
  readonly seriesRead: number;
  readonly tookMs: number;
}

export interface PromqlService {
  /** Answers a PromQL query over the stored metrics. Throws `promql.*` and `telemetry.*` errors. */
  query(input: PromqlQuery): Promise<PromqlAnswer>;
}

export interface PromqlServiceOptions {
  readonly reader: TelemetryReader;
  readonly finder: SeriesFinder;
  readonly clock: { now(): number };
  readonly limits?: PromqlLimits;
  readonly rules?: EvaluationRules;
}

export function createPromqlService(options: PromqlServiceOptions): PromqlService {
  const { reader, finder, limits = defaultLimits, rules = defaultRules } = options;
  // Deadlines must not jump with the wall clock.
  const now = (): number => performance.now();
  const storage = createClickHouseStorage({ reader, finder, now, maxSeries: limits.series });
  let running = 0;
  return {
    async query({ query, grid, timeoutMs = limits.timeoutMs, signal }) {
      if (running >= limits.concurrent) throw busy(running);
      running += 1;
      const startedAt = now();
      const budget = createBudget({ maxSamples: limits.samples, timeoutMs, now, signal });
      const counted = countingSeries(storage);
      try {
        const answer = await runQuery({ query, grid, storage: counted.storage, rules, budget });
        return { ...answer, samples: budget.taken, seriesRead: counted.series(), tookMs: now() - startedAt };
      } catch (error) {
        throw signal?.aborted === true ? error : asTimeout(error, budget, { timeoutMs, now });
      } finally {
        running -= 1;
      }
    },
  };
}

function countingSeries(storage: MetricStorage): { storage: MetricStorage; series(): number } {
  let count = 0;
  return {
    storage: {
      async select(matchers, fromMs, toMs, hints) {
        const series = await storage.select(matchers, fromMs, toMs, hints);
        count += series.length;
        return series;
      },
    },
    series: () => count,
  };
}

interface Clocked {
  readonly timeoutMs: number;
  readonly now: () => number;
}

/** The engine calls a query that ran out of time too wide; Prometheus' clients know the word timeout. */
function asTimeout(error: unknown, budget: Budget, { timeoutMs, now }: Clocked): unknown {
  const isLate = now() >= budget.deadlineMs;
  if (!isLate || !(error instanceof BelayError) || error.code !== 'telemetry.too-wide') return error;
  return new BelayError('promql.timeout', `query timed out in query execution after ${timeoutMs / 1000} s`, {
    hint: 'Shorten the time range, enlarge the step, or narrow the labels.',
    cause: error,
  });
}

function busy(running: number): BelayError {
  return new BelayError('telemetry.busy', `${running} PromQL queries are being answered; no more are taken now.`, {
    hint: 'Ask again in a moment, and for less at once.',
    retryAfterSeconds: 2,
  });
}
