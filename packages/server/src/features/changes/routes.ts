import { BelayError } from '@belay/core';
import type { RolloutInput } from '@belay/core/rollout';
import type { FastifyInstance } from 'fastify';
import { actorOf, principalOf } from '../../platform/http/principal.ts';
import { defineRoutes, type EndpointRequest } from '../../platform/http/route.ts';
import { replayAttempt, stateHash } from '../guards/api.ts';
import { readLedger } from '../ledger/api.ts';
import type { ChangesContext } from './changes-context.ts';
import { blockQueryOf } from './control-loop.ts';
import { overviewView } from './overview.ts';
import { planReport } from './plan-report.ts';
import { rolloutEvidence, rolloutSeries } from './rollout-evidence.ts';
import type { RolloutRecord } from './rollout-record.ts';
import type { Act, RolloutService } from './rollout-service.ts';
import { listRollouts, requireRollout } from './rollout-store.ts';
import { readDecisions, readPoints } from './rollout-trail.ts';
import { rolloutView } from './rollout-view.ts';
import { conflictsOf } from './start-attempt.ts';
import { rolloutSummaries, viewFacts } from './view-facts.ts';

/** Parse, call, present: rollouts, the ledger, the freeze and the first screen. */
export function changesRoutes(app: FastifyInstance, context: ChangesContext, service: RolloutService): void {
  readingRoutes(app, context);
  planningRoutes(app, context, service);
  actingRoutes(app, context, service);
}

function readingRoutes(app: FastifyInstance, context: ChangesContext): void {
  const { db } = context;
  defineRoutes(app, {
    overview: () => overviewView(context),
    rolloutGet: async ({ params }) => present(context, await requireRollout(db, params.id)),
    rolloutList: async ({ query }) => {
      const { items, next } = await listRollouts(db, query);
      return { items: await rolloutSummaries(context, db, items), next };
    },
    rolloutSeries: async ({ params, query }) => {
      const record = await requireRollout(db, params.id);
      const points = await readPoints(db, { rolloutId: record.id, attempt: record.state.attempt });
      const series = rolloutSeries(record, query.guard, points);
      if (series !== null) return series;
      const known = record.state.plan.guards.map(({ id }) => id).join(', ');
      throw new BelayError('request.invalid', 'The rollout has no such guard.', {
        issues: [
          {
            path: 'guard',
            message: 'is not a guard of this rollout',
            seen: query.guard,
            mend: `Write one of ${known}.`,
          },
        ],
      });
    },
    rolloutEvidence: async ({ params }) => {
      const record = await requireRollout(db, params.id);
      return rolloutEvidence(record, await viewFacts(context, db, record));
    },
    rolloutReplay: async ({ params }) => replay(context, await requireRollout(db, params.id)),
    changeList: async ({ query }) => readLedger(db, { ...query, rolloutId: query.rollout }),
  });
}

function planningRoutes(app: FastifyInstance, context: ChangesContext, service: RolloutService): void {
  const { db } = context;
  defineRoutes(app, {
    rolloutPlan: async ({ body }) => {
      const { plan, history } = await service.plan(body);
      return planReport(plan, history, await conflictsOf(context, db, { plan, except: null }));
    },
    rolloutCreate: async (request) => {
      const { start, ...input } = request.body;
      const record = await service.create(input satisfies RolloutInput, {
        actor: actorOf(principalOf(request)),
        start,
      });
      return present(context, record);
    },
    freeze: async (request) => {
      const { until, reason } = request.body;
      if (until <= context.clock.now()) {
        throw new BelayError('request.invalid', 'A freeze ends in the future.', {
          issues: [
            { path: 'until', message: 'lies in the past', seen: String(until), mend: 'Send a later time in Unix ms.' },
          ],
        });
      }
      await service.freeze({ until, reason }, actorOf(principalOf(request)));
      return overviewView(context);
    },
    unfreeze: async (request) => {
      await service.freeze(null, actorOf(principalOf(request)));
      return overviewView(context);
    },
  });
}

type ActRequest = EndpointRequest<'rolloutHold'>;

function actingRoutes(app: FastifyInstance, context: ChangesContext, service: RolloutService): void {
  const act = (action: Act['action']) => async (request: ActRequest) => {
    const reason = request.body.reason ?? null;
    const actor = actorOf(principalOf(request));
    return present(context, await service.act(request.params.id, { action, actor, reason }));
  };
  defineRoutes(app, {
    rolloutStart: act('start'),
    rolloutHold: act('hold'),
    rolloutResume: act('resume'),
    rolloutApprove: act('approve'),
    rolloutPromote: act('promote'),
    rolloutRollback: act('rollback'),
    rolloutCancel: act('cancel'),
    rolloutAcknowledge: act('acknowledge'),
    kill: async (request) => {
      const rolledBack = await service.kill(actorOf(principalOf(request)), request.body.reason ?? null);
      return { rolledBack: [...rolledBack] };
    },
  });
}

async function present(context: ChangesContext, record: RolloutRecord): Promise<ReturnType<typeof rolloutView>> {
  return rolloutView(record, await viewFacts(context, context.db, record));
}

/** Recomputes the present attempt from the stored outcomes and holds it against what was decided. */
async function replay(
  context: ChangesContext,
  record: RolloutRecord,
): Promise<{ rolloutId: string } & ReturnType<typeof replayAttempt>> {
  const { engine, state } = record;
  if (engine === null) {
    throw new BelayError('rollout.not-allowed', 'A rollout that has not started has nothing to replay.', {
      hint: 'Start it first.',
      details: { status: state.status },
    });
  }
  const blocks = await context.telemetry.readBlocks(blockQueryOf(record, engine.fromSecond), engine.readThrough);
  const decisions = await readDecisions(context.db, { rolloutId: record.id, attempt: state.attempt });
  const finalHash = stateHash(engine.state);
  const result = replayAttempt({ config: engine.config, stages: state.stages, decisions, blocks, finalHash });
  return { rolloutId: record.id, ...result };
}
