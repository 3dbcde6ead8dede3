import { endpoint } from './endpoint.ts';
import {
  logContext,
  logContextQuery,
  logDetail,
  logFields,
  logFieldsQuery,
  logHistogram,
  logHistogramQuery,
  logLine,
  logListQuery,
  logPatterns,
  logPatternsQuery,
} from './logs.ts';
import { page } from './primitives.ts';

/** Questions about logs. The live tail (`GET /api/v1/logs/tail`, SSE) stands beside them. */
export const logsEndpoints = {
  logList: endpoint({
    method: 'GET',
    path: '/api/v1/logs',
    summary: 'Search log lines, newest first',
    tag: 'logs',
    scope: 'read',
    query: logListQuery,
    response: page(logLine),
  }),
  logGet: endpoint({
    method: 'GET',
    path: '/api/v1/logs/lines/{id}',
    summary: 'Read a log line in full',
    tag: 'logs',
    scope: 'read',
    response: logDetail,
  }),
  logHistogram: endpoint({
    method: 'GET',
    path: '/api/v1/logs/histogram',
    summary: 'Count log lines over time by level',
    tag: 'logs',
    scope: 'read',
    query: logHistogramQuery,
    response: logHistogram,
  }),
  logPatterns: endpoint({
    method: 'GET',
    path: '/api/v1/logs/patterns',
    summary: 'What the lines have in common, and what is new',
    tag: 'logs',
    scope: 'read',
    query: logPatternsQuery,
    response: logPatterns,
  }),
  logFields: endpoint({
    method: 'GET',
    path: '/api/v1/logs/fields',
    summary: 'Attributes of the lines and their most frequent values',
    tag: 'logs',
    scope: 'read',
    query: logFieldsQuery,
    response: logFields,
  }),
  logContext: endpoint({
    method: 'GET',
    path: '/api/v1/logs/context',
    summary: 'Lines around a line',
    tag: 'logs',
    scope: 'read',
    query: logContextQuery,
    response: logContext,
  }),
} as const;
