import { BelayError } from '@belay/core';
import type { CheckReport, ProbeResult } from '@belay/protocol';
import type { FastifyInstance } from 'fastify';
import { defineRoutes } from '../../platform/http/route.ts';
import { getCheck, getHistory, listChecks } from './check-queries.ts';
import { requireCheck } from './check-store.ts';
import { type ChecksContext, DAY_MS } from './checks-context.ts';
import { listIncidents, listStartups } from './report-queries.ts';

interface Parts {
  readonly context: ChecksContext;
  readonly take: (report: CheckReport) => Promise<void>;
  readonly runProbe: (name: string) => Promise<ProbeResult> | undefined;
}

/** Parse, call, present. */
export function checkRoutes(app: FastifyInstance, { context, take, runProbe }: Parts): void {
  const { db, clock } = context;
  defineRoutes(app, {
    checkReport: async ({ body }) => {
      await take(body);
      return { accepted: body.checks.length };
    },
    checkList: ({ query }) => listChecks(db, query),
    checkGet: ({ params }) => getCheck(db, params.id, clock.now()),
    checkHistory: ({ params, query }) => {
      const to = query.to ?? clock.now();
      return getHistory(db, params.id, { from: query.from ?? Math.max(0, to - 7 * DAY_MS), to });
    },
    checkRun: async ({ params }) => {
      const { kind, name } = await requireCheck(db, params.id);
      const run = kind === 'probe' ? runProbe(name) : undefined;
      if (run !== undefined) return run;
      throw new BelayError('check.not-runnable', `The check "${name}" cannot be run from here.`, {
        hint: 'Its process runs it by itself; golden paths of belay.yaml can be run on demand.',
      });
    },
    checkIncidentList: ({ query }) => listIncidents(db, query),
    startupReportList: ({ query }) => listStartups(db, query),
  });
}
