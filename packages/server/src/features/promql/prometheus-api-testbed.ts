import fastify from 'fastify';
import { createPromql } from './api.ts';
import type { PromqlOptions } from './api.ts';
import type { MetricStore } from './metric-store-testbed.ts';

export interface PrometheusApi {
  readonly url: string;
  close(): Promise<void>;
}

/** Belay's Prometheus API over a real store, without tokens. */
export async function servePrometheusApi(
  { store }: { readonly store: Pick<MetricStore['store'], 'reader'> },
  options: Partial<PromqlOptions> = {},
): Promise<PrometheusApi> {
  const promql = createPromql({ reader: store.reader, clock: { now: () => Date.now() }, version: 'test', ...options });
  const app = fastify();
  await app.register(promql.routes);
  const address = await app.listen({ port: 0, host: '127.0.0.1' });
  return { url: `${address}/prometheus`, close: () => app.close() };
}
