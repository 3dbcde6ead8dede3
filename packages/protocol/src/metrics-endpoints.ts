import { cardinalityQuery, cardinalityView } from './cardinality.ts';
import { endpoint } from './endpoint.ts';
import {
  metricLabels,
  metricLabelsQuery,
  metricListQuery,
  metricQuery,
  metricQueryResult,
  metricView,
} from './metrics.ts';
import { page } from './primitives.ts';

/** The metric catalogue and PromQL for the dashboard; Grafana and others use `/prometheus/api/v1`. */
export const metricsEndpoints = {
  metricList: endpoint({
    method: 'GET',
    path: '/api/v1/metrics',
    summary: 'Search the metric catalogue',
    tag: 'metrics',
    scope: 'read',
    query: metricListQuery,
    response: page(metricView),
  }),
  metricLabels: endpoint({
    method: 'GET',
    path: '/api/v1/metrics/labels',
    summary: 'Labels of a metric and their most frequent values',
    tag: 'metrics',
    scope: 'read',
    query: metricLabelsQuery,
    response: metricLabels,
  }),
  metricQuery: endpoint({
    method: 'POST',
    path: '/api/v1/metrics/query',
    summary: 'Run a PromQL query over a time range',
    tag: 'metrics',
    scope: 'read',
    body: metricQuery,
    response: metricQueryResult,
  }),
  metricCardinality: endpoint({
    method: 'GET',
    path: '/api/v1/metrics/cardinality',
    summary: 'Series of each service, and which label makes too many',
    tag: 'metrics',
    scope: 'read',
    query: cardinalityQuery,
    response: page(cardinalityView),
  }),
} as const;
