import { z } from 'zod';
import {
  checkDetail,
  checkHistory,
  checkIncident,
  checkKind,
  checkPage,
  checkReport,
  checkStatus,
  probeResult,
  startupReport,
} from './checks.ts';
import { endpoint } from './endpoint.ts';
import { page, pageQuery } from './primitives.ts';

const time = z.coerce.number().int().nonnegative().max(9_007_199_254_740_991);

/** Health of processes, golden paths, and who has fallen silent. */
export const checksEndpoints = {
  checkReport: endpoint({
    method: 'POST',
    path: '/api/v1/checks/report',
    summary: 'A process reports its health checks',
    tag: 'checks',
    scope: 'ingest',
    body: checkReport,
    response: z.object({ accepted: z.number().int().nonnegative() }),
    status: 202,
  }),
  checkList: endpoint({
    method: 'GET',
    path: '/api/v1/checks',
    summary: 'List checks, failing first',
    tag: 'checks',
    scope: 'read',
    query: pageQuery.extend({
      kind: checkKind.optional(),
      status: checkStatus.optional(),
      service: z.string().max(120).optional(),
      /** Part of the title, name, service or instance. */
      search: z.string().max(120).optional(),
    }),
    response: checkPage,
  }),
  checkGet: endpoint({
    method: 'GET',
    path: '/api/v1/checks/{id}',
    summary: 'Read a check with its last run',
    tag: 'checks',
    scope: 'read',
    response: checkDetail,
  }),
  checkHistory: endpoint({
    method: 'GET',
    path: '/api/v1/checks/{id}/history',
    summary: 'Hours and changes of a check',
    tag: 'checks',
    scope: 'read',
    query: z.object({ from: time.optional(), to: time.optional() }),
    response: checkHistory,
  }),
  checkRun: endpoint({
    method: 'POST',
    path: '/api/v1/checks/{id}/run',
    summary: 'Run a golden path now',
    tag: 'checks',
    scope: 'operate',
    response: probeResult,
  }),
  checkIncidentList: endpoint({
    method: 'GET',
    path: '/api/v1/check-incidents',
    summary: 'What people were told about checks, newest first',
    tag: 'checks',
    scope: 'read',
    query: pageQuery.extend({ state: z.enum(['open', 'ended']).optional() }),
    response: page(checkIncident),
  }),
  startupReportList: endpoint({
    method: 'GET',
    path: '/api/v1/startup-reports',
    summary: 'What processes found when they started, newest first',
    tag: 'checks',
    scope: 'read',
    query: pageQuery.extend({ service: z.string().max(120).optional(), ok: z.enum(['true', 'false']).optional() }),
    response: page(startupReport),
  }),
};
