import { z } from 'zod';
import { checksEndpoints } from './checks-endpoints.ts';
import { belayConfig } from './config.ts';
import { endpoint } from './endpoint.ts';
import { errorsEndpoints } from './errors-endpoints.ts';
import { flagTryRequest, flagTryResult, flagView, flagWrite } from './flag.ts';
import { logsEndpoints } from './logs-endpoints.ts';
import { metricsEndpoints } from './metrics-endpoints.ts';
import { freezeRequest, overviewView, statusView } from './overview.ts';
import { planReport, rolloutInput } from './plan.ts';
import { page, pageQuery, reasonBody } from './primitives.ts';
import {
  ledgerEntry,
  replayReport,
  rolloutEvidence,
  rolloutSeries,
  rolloutStatus,
  rolloutSummary,
  rolloutView,
} from './rollout.ts';
import { safetyEndpoints } from './safety-endpoints.ts';
import { signalsEndpoints } from './signals-endpoints.ts';
import { appliedReport, flagSnapshot, instanceQuery, instanceView } from './snapshot.ts';
import { invariantEndpoints } from './invariant-endpoints.ts';
import { storageEndpoints } from './storage-endpoints.ts';
import {
  sessionRequest,
  sessionView,
  setupRequest,
  setupResult,
  tokenCreate,
  tokenCreated,
  tokenView,
} from './token.ts';
import { tracesEndpoints } from './traces-endpoints.ts';

const nothing = z.object({}).meta({ description: 'Nothing' });
const rolloutAct = (action: string, summary: string) =>
  ({
    method: 'POST',
    path: `/api/v1/rollouts/{id}/${action}`,
    summary,
    tag: 'rollouts',
    scope: 'operate',
    body: reasonBody,
    response: rolloutView,
  }) as const;

/** Every JSON endpoint of the API. Streams (`/api/v1/events`, `/api/v1/stream/flags`), OTLP and OFREP stand beside it. */
export const endpoints = {
  overview: endpoint({
    method: 'GET',
    path: '/api/v1/overview',
    summary: 'The first screen',
    tag: 'overview',
    scope: 'read',
    response: overviewView,
  }),
  status: endpoint({
    method: 'GET',
    path: '/api/v1/status',
    summary: 'What Belay says about itself',
    tag: 'overview',
    scope: 'read',
    response: statusView,
  }),
  freeze: endpoint({
    method: 'POST',
    path: '/api/v1/freeze',
    summary: 'Freeze changes until a time',
    tag: 'overview',
    scope: 'operate',
    body: freezeRequest,
    response: overviewView,
  }),
  unfreeze: endpoint({
    method: 'DELETE',
    path: '/api/v1/freeze',
    summary: 'End the freeze',
    tag: 'overview',
    scope: 'operate',
    response: overviewView,
  }),

  flagList: endpoint({
    method: 'GET',
    path: '/api/v1/flags',
    summary: 'List flags',
    tag: 'flags',
    scope: 'read',
    query: pageQuery,
    response: page(flagView),
  }),
  flagGet: endpoint({
    method: 'GET',
    path: '/api/v1/flags/{key}',
    summary: 'Read a flag',
    tag: 'flags',
    scope: 'read',
    response: flagView,
  }),
  flagPut: endpoint({
    method: 'PUT',
    path: '/api/v1/flags/{key}',
    summary: 'Create or replace a flag',
    tag: 'flags',
    scope: 'operate',
    body: flagWrite,
    response: flagView,
    precondition: true,
  }),
  flagDelete: endpoint({
    method: 'DELETE',
    path: '/api/v1/flags/{key}',
    summary: 'Delete a flag',
    tag: 'flags',
    scope: 'operate',
    response: nothing,
    precondition: true,
  }),
  flagTry: endpoint({
    method: 'POST',
    path: '/api/v1/flags/{key}/try',
    summary: 'Who would get it',
    tag: 'flags',
    scope: 'read',
    body: flagTryRequest,
    response: flagTryResult,
  }),
  flagKill: endpoint({
    method: 'POST',
    path: '/api/v1/flags/{key}/kill',
    summary: 'Serve the old path to everybody at once',
    tag: 'flags',
    scope: 'operate',
    body: reasonBody,
    response: flagView,
  }),

  rolloutPlan: endpoint({
    method: 'POST',
    path: '/api/v1/rollouts/plan',
    summary: 'What a rollout would do, without starting it',
    tag: 'rollouts',
    scope: 'read',
    body: rolloutInput,
    response: planReport,
  }),
  rolloutCreate: endpoint({
    method: 'POST',
    path: '/api/v1/rollouts',
    summary: 'Create a rollout (start with `start: true`)',
    tag: 'rollouts',
    scope: 'operate',
    body: rolloutInput.extend({ start: z.boolean().default(false) }),
    response: rolloutView,
    status: 201,
  }),
  rolloutList: endpoint({
    method: 'GET',
    path: '/api/v1/rollouts',
    summary: 'List rollouts',
    tag: 'rollouts',
    scope: 'read',
    query: pageQuery.extend({ status: rolloutStatus.optional(), flag: z.string().optional() }),
    response: page(rolloutSummary),
  }),
  rolloutGet: endpoint({
    method: 'GET',
    path: '/api/v1/rollouts/{id}',
    summary: 'Everything the rollout page shows',
    tag: 'rollouts',
    scope: 'read',
    response: rolloutView,
  }),
  rolloutSeries: endpoint({
    method: 'GET',
    path: '/api/v1/rollouts/{id}/series',
    summary: 'Effect chart of one guard',
    tag: 'rollouts',
    scope: 'read',
    query: z.object({ guard: z.string() }),
    response: rolloutSeries,
  }),
  rolloutEvidence: endpoint({
    method: 'GET',
    path: '/api/v1/rollouts/{id}/evidence',
    summary: 'The evidence behind the verdict',
    tag: 'rollouts',
    scope: 'read',
    response: rolloutEvidence,
  }),
  rolloutReplay: endpoint({
    method: 'POST',
    path: '/api/v1/rollouts/{id}/replay',
    summary: 'Recompute every verdict from stored outcomes',
    tag: 'rollouts',
    scope: 'read',
    response: replayReport,
  }),
  rolloutStart: endpoint(rolloutAct('start', 'Start a draft')),
  rolloutHold: endpoint(rolloutAct('hold', 'Hold at the present share')),
  rolloutResume: endpoint(rolloutAct('resume', 'Go on after a hold')),
  rolloutApprove: endpoint(rolloutAct('approve', 'Approve the next stage')),
  rolloutPromote: endpoint(rolloutAct('promote', 'Go to the next stage now (needs a reason)')),
  rolloutRollback: endpoint(rolloutAct('rollback', 'Roll back now')),
  rolloutCancel: endpoint(rolloutAct('cancel', 'Discard a draft or scheduled rollout')),
  rolloutAcknowledge: endpoint(
    rolloutAct('acknowledge', 'Acknowledge the cause of a rollback, so that it may be tried again'),
  ),
  kill: endpoint({
    method: 'POST',
    path: '/api/v1/kill',
    summary: 'Roll back everything that is going out',
    tag: 'rollouts',
    scope: 'operate',
    body: reasonBody,
    response: z.object({ rolledBack: z.array(z.string()) }),
  }),

  changeList: endpoint({
    method: 'GET',
    path: '/api/v1/changes',
    summary: 'The ledger, newest first',
    tag: 'changes',
    scope: 'read',
    query: pageQuery.extend({ kind: z.string().optional(), rollout: z.string().optional() }),
    response: page(ledgerEntry),
  }),

  tokenList: endpoint({
    method: 'GET',
    path: '/api/v1/tokens',
    summary: 'List tokens',
    tag: 'access',
    scope: 'admin',
    query: pageQuery,
    response: page(tokenView),
  }),
  tokenCreate: endpoint({
    method: 'POST',
    path: '/api/v1/tokens',
    summary: 'Create a token; its secret is shown once',
    tag: 'access',
    scope: 'admin',
    body: tokenCreate,
    response: tokenCreated,
    status: 201,
  }),
  tokenRevoke: endpoint({
    method: 'DELETE',
    path: '/api/v1/tokens/{id}',
    summary: 'Revoke a token',
    tag: 'access',
    scope: 'admin',
    response: nothing,
  }),
  setup: endpoint({
    method: 'POST',
    path: '/api/v1/setup',
    summary: 'Use the one-time set-up token',
    tag: 'access',
    scope: null,
    body: setupRequest,
    response: setupResult,
    status: 201,
  }),
  sessionStart: endpoint({
    method: 'POST',
    path: '/api/v1/session',
    summary: 'Start a browser session with a token',
    tag: 'access',
    scope: null,
    body: sessionRequest,
    response: sessionView,
    status: 201,
  }),
  sessionGet: endpoint({
    method: 'GET',
    path: '/api/v1/session',
    summary: 'Who am I',
    tag: 'access',
    scope: null,
    response: sessionView,
  }),
  sessionEnd: endpoint({
    method: 'DELETE',
    path: '/api/v1/session',
    summary: 'End the browser session',
    tag: 'access',
    scope: null,
    response: nothing,
  }),

  configGet: endpoint({
    method: 'GET',
    path: '/api/v1/config',
    summary: 'The configuration in force, with the origin of each value',
    tag: 'config',
    scope: 'read',
    response: z.object({ values: z.array(z.object({ path: z.string(), value: z.unknown(), origin: z.string() })) }),
  }),
  configValidate: endpoint({
    method: 'POST',
    path: '/api/v1/config/validate',
    summary: 'Validate a configuration',
    tag: 'config',
    scope: 'read',
    body: z.unknown(),
    response: z.object({ config: belayConfig }),
  }),

  instanceList: endpoint({
    method: 'GET',
    path: '/api/v1/instances',
    summary: 'SDK instances and the revision each serves',
    tag: 'flags',
    scope: 'read',
    response: z.object({ items: z.array(instanceView), revision: z.number().int() }),
  }),
  snapshot: endpoint({
    method: 'GET',
    path: '/api/v1/snapshot',
    summary: 'Full flag snapshot for SDKs (ETag)',
    tag: 'flags',
    scope: 'evaluate',
    query: instanceQuery,
    response: flagSnapshot,
  }),
  applied: endpoint({
    method: 'POST',
    path: '/api/v1/applied',
    summary: 'An SDK reports what it serves',
    tag: 'flags',
    scope: 'evaluate',
    body: appliedReport,
    response: nothing,
  }),

  ...checksEndpoints,
  ...metricsEndpoints,
  ...safetyEndpoints,
  ...signalsEndpoints,
  ...storageEndpoints,
  ...invariantEndpoints,
  ...errorsEndpoints,
  ...logsEndpoints,
  ...tracesEndpoints,
} as const;

/** Name of an endpoint. */
export type EndpointName = keyof typeof endpoints;
