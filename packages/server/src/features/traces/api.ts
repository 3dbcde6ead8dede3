import type { FastifyInstance } from 'fastify';
import { defineRoutes } from '../../platform/http/route.ts';
import { timeRangeOf } from '../../platform/http/time-range.ts';
import type { TelemetryStore } from '../telemetry/api.ts';
import { compareTraces, namedSides } from './compare-traces.ts';
import { listOperations } from './list-operations.ts';
import { listTraces } from './list-traces.ts';
import { queryPatterns } from './query-patterns.ts';
import { readTrace } from './read-trace.ts';
import { serviceMap } from './service-map.ts';

/** What a rollout compares, and since when. */
export interface RolloutSides {
  readonly flagKey: string;
  readonly canaryVariant: string;
  readonly controlVariant: string;
  /** Unix ms; null before its start, and while it runs. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
}

export interface TracesOptions {
  readonly telemetry: Pick<TelemetryStore, 'reader'>;
  readonly clock: { now(): number };
  /** Rejects with `rollout.not-found`. */
  readonly rolloutSides: (rollout: string) => Promise<RolloutSides>;
}

/** Questions about traces. */
export interface Traces {
  readonly routes: (app: FastifyInstance) => Promise<void>;
}

export function createTraces(options: TracesOptions): Traces {
  const { reader } = options.telemetry;
  const rangeOf = (query: { readonly from?: number | undefined; readonly to?: number | undefined }) =>
    timeRangeOf(query, options.clock.now());
  return {
    routes: async (app) => {
      defineRoutes(app, {
        traceList: ({ query }) =>
          listTraces(reader, {
            filter: query,
            range: rangeOf(query),
            sort: query.sort,
            cursor: query.cursor,
            limit: query.limit,
          }),
        traceGet: ({ params }) => readTrace(reader, params.id),
        operationList: ({ query }) => listOperations(reader, { ...query, range: rangeOf(query), cursor: query.cursor }),
        queryPatternList: ({ query }) => queryPatterns(reader, { ...query, range: rangeOf(query) }),
        serviceMap: ({ query }) => serviceMap(reader, { range: rangeOf(query), service: query.service }),
        traceCompare: async ({ query }) => {
          if (query.rollout === undefined) {
            return compareTraces(reader, { ...namedSides(query), range: rangeOf(query) });
          }
          const { startedAt, endedAt, ...sides } = await options.rolloutSides(query.rollout);
          const range = rangeOf({ from: query.from ?? startedAt ?? undefined, to: query.to ?? endedAt ?? undefined });
          return compareTraces(reader, { ...sides, range });
        },
      });
    },
  };
}
