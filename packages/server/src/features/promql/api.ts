import type { FastifyInstance } from 'fastify';
import type { TelemetryReader } from '../telemetry/api.ts';
import type { EvaluationRules } from './evaluate/evaluation.ts';
import { createMetricCatalogue } from './catalogue/metric-catalogue.ts';
import { metricRoutes } from './catalogue/metric-routes.ts';
import { prometheusRoutes } from './http/prometheus-routes.ts';
import { createPromqlService, defaultLimits } from './promql-service.ts';
import type { PromqlLimits, PromqlService } from './promql-service.ts';
import { createSeriesFinder } from './storage/find-series.ts';
import { createSeriesMetadata } from './storage/series-metadata.ts';

export interface PromqlOptions {
  readonly reader: TelemetryReader;
  readonly clock: { now(): number };
  readonly version: string;
  readonly limits?: PromqlLimits;
  /** Default: those of Prometheus 3. */
  readonly rules?: EvaluationRules;
}

export interface Promql {
  readonly service: PromqlService;
  readonly routes: (app: FastifyInstance) => Promise<void>;
}

/** PromQL over the stored metrics, for the dashboard and for whatever speaks with Prometheus. */
export function createPromql(options: PromqlOptions): Promql {
  const { reader, clock, version, limits = defaultLimits, rules } = options;
  const finder = createSeriesFinder(reader);
  const service = createPromqlService({ reader, finder, clock, limits, ...(rules === undefined ? {} : { rules }) });
  const metadata = createSeriesMetadata({ reader, finder, maxSeries: limits.series });
  const catalogue = createMetricCatalogue({ reader, finder });
  return {
    service,
    async routes(app) {
      metricRoutes(app, { service, catalogue });
      await app.register(async (scoped) =>
        prometheusRoutes(scoped, { service, metadata, reader, finder, clock, limits, version }),
      );
    },
  };
}

export type { EvaluationRules } from './evaluate/evaluation.ts';
export type { PromqlAnswer, PromqlLimits, PromqlQuery, PromqlService } from './promql-service.ts';
