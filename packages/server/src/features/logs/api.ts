import type { FastifyInstance } from 'fastify';
import { defineRoutes } from '../../platform/http/route.ts';
import { timeRangeOf } from '../../platform/http/time-range.ts';
import { readContext, readLine } from './log-context.ts';
import { logFields } from './log-fields.ts';
import { logHistogram } from './log-histogram.ts';
import { logPatterns } from './log-patterns.ts';
import { searchLogs } from './search-logs.ts';
import { tailRoutes, type TailRoutesOptions } from './tail-routes.ts';

/** Questions about logs, and the live tail. */
export interface Logs {
  readonly routes: (app: FastifyInstance) => Promise<void>;
  /** Live tails that are open. */
  readonly streams: () => number;
  /** Ends the live tails. */
  close(): void;
}

export function createLogs(options: TailRoutesOptions): Logs {
  const { reader } = options.telemetry;
  const rangeOf = (query: { readonly from?: number | undefined; readonly to?: number | undefined }) =>
    timeRangeOf(query, options.clock.now());
  const tails = tailRoutes(options);
  return {
    routes: async (app) => {
      tails.routes(app);
      defineRoutes(app, {
        logList: ({ query }) =>
          searchLogs(reader, { filter: query, range: rangeOf(query), cursor: query.cursor, limit: query.limit }),
        logGet: ({ params }) => readLine(reader, params.id),
        logHistogram: ({ query }) => logHistogram(reader, { filter: query, range: rangeOf(query), steps: query.steps }),
        logPatterns: ({ query }) => logPatterns(reader, { filter: query, range: rangeOf(query), limit: query.limit }),
        logFields: ({ query }) => logFields(reader, { ...query, filter: query, range: rangeOf(query) }),
        logContext: ({ query }) => readContext(reader, query),
      });
    },
    streams: tails.streams,
    close: tails.close,
  };
}
