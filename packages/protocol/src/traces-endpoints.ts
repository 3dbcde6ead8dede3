import { endpoint } from './endpoint.ts';
import { page } from './primitives.ts';
import {
  operationListQuery,
  operationView,
  queryPatternList,
  queryPatternListQuery,
  serviceMap,
  serviceMapQuery,
  traceCompareQuery,
  traceComparison,
  traceListQuery,
  traceSummary,
  traceView,
} from './traces.ts';

/** Questions about traces. */
export const tracesEndpoints = {
  traceList: endpoint({
    method: 'GET',
    path: '/api/v1/traces',
    summary: 'Search traces, newest or slowest first',
    tag: 'traces',
    scope: 'read',
    query: traceListQuery,
    response: page(traceSummary),
  }),
  traceGet: endpoint({
    method: 'GET',
    path: '/api/v1/traces/{id}',
    summary: 'A trace as a waterfall',
    tag: 'traces',
    scope: 'read',
    response: traceView,
  }),
  traceCompare: endpoint({
    method: 'GET',
    path: '/api/v1/traces/compare',
    summary: 'Where the new path spends its time, against the old one',
    tag: 'traces',
    scope: 'read',
    query: traceCompareQuery,
    response: traceComparison,
  }),
  operationList: endpoint({
    method: 'GET',
    path: '/api/v1/operations',
    summary: 'Rate, errors and durations of every operation',
    tag: 'traces',
    scope: 'read',
    query: operationListQuery,
    response: page(operationView),
  }),
  queryPatternList: endpoint({
    method: 'GET',
    path: '/api/v1/operations/queries',
    summary: 'Database statements of each endpoint, with N+1 patterns',
    tag: 'traces',
    scope: 'read',
    query: queryPatternListQuery,
    response: queryPatternList,
  }),
  serviceMap: endpoint({
    method: 'GET',
    path: '/api/v1/service-map',
    summary: 'Services and what they call',
    tag: 'traces',
    scope: 'read',
    query: serviceMapQuery,
    response: serviceMap,
  }),
} as const;
