import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/preact-query';
import type { Client } from '@belay/client';
import { isSignedOut } from '../api/explain-error.ts';
import { ApiError } from '@belay/client';
import { given, overTime, type Span } from '../explore/explore-queries.ts';

export const metricsQuery = (api: Client, filter: { readonly q: string; readonly service: string }) =>
  infiniteQueryOptions({
    queryKey: ['metrics', filter],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('metricList', { query: { limit: 40, ...given({ ...filter, cursor: pageParam }) }, signal }),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const promqlQuery = (api: Client, query: string, span: Span) =>
  queryOptions({
    queryKey: ['promql', query, span.from, span.to],
    queryFn: ({ signal }) => api.call('metricQuery', { body: { query, ...span }, signal }),
    enabled: query !== '',
    // A query that was refused is refused again; only a server that did not answer is worth another try.
    retry: (failures: number, error: Error) =>
      failures < 2 && !isSignedOut(error) && !(error instanceof ApiError && error.status < 500),
    ...overTime,
  });

export const metricLabelsQuery = (api: Client, metric: string, service: string) =>
  queryOptions({
    queryKey: ['metric-labels', metric, service],
    queryFn: ({ signal }) => api.call('metricLabels', { query: { metric, ...given({ service }) }, signal }),
    staleTime: 60_000,
  });

export const cardinalityQuery = (api: Client) =>
  queryOptions({
    queryKey: ['cardinality'],
    queryFn: ({ signal }) => api.call('metricCardinality', { query: { limit: 50 }, signal }),
    staleTime: 30_000,
  });
