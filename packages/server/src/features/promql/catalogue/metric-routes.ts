import type { FastifyInstance } from 'fastify';
import { defineRoutes } from '../../../platform/http/route.ts';
import { signalOf } from '../http/gone-client.ts';
import type { PromqlService } from '../promql-service.ts';
import type { MetricCatalogue } from './metric-catalogue.ts';
import { queryMetric } from './metric-query.ts';

export interface MetricRoutesOptions {
  readonly service: PromqlService;
  readonly catalogue: MetricCatalogue;
}

/** The dashboard's side of metrics: the catalogue, labels and charts. */
export function metricRoutes(app: FastifyInstance, options: MetricRoutesOptions): void {
  const { catalogue } = options;
  defineRoutes(app, {
    metricList: ({ query }) => catalogue.list(query),
    metricLabels: ({ query }) => catalogue.labels(query),
    metricQuery: ({ body, reply }) => queryMetric(options, body, signalOf(reply)),
  });
}
