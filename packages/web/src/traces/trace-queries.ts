import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/preact-query';
import type { Client } from '@belay/client';
import { given, overTime, type Span } from '../explore/explore-queries.ts';

/** Which traces a screen is about. */
export interface TraceWish extends Span {
  readonly service: string;
  readonly operation: string;
  readonly status: 'any' | 'ok' | 'error';
  readonly sort: 'newest' | 'slowest';
  readonly minMs: number | undefined;
}

export const tracesQuery = (api: Client, wish: TraceWish) =>
  infiniteQueryOptions({
    queryKey: ['traces', wish],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('traceList', { query: { limit: 50, ...given({ ...wish, cursor: pageParam }) }, signal }),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    retry: 1,
  });

export const traceQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['trace', id],
    queryFn: ({ signal }) => api.call('traceGet', { params: { id }, signal }),
    // Late spans may still arrive in the first minute.
    staleTime: 15_000,
  });

type OperationSort = 'requests' | 'errors' | 'p95' | 'time' | 'change';

export const operationsQuery = (api: Client, wish: Span & { readonly service: string; readonly sort: OperationSort }) =>
  infiniteQueryOptions({
    queryKey: ['operations', wish],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('operationList', { query: { limit: 50, ...given({ ...wish, cursor: pageParam }) }, signal }),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    retry: 1,
  });

export const serviceMapQuery = (api: Client, wish: Span & { readonly service: string }) =>
  queryOptions({
    queryKey: ['service-map', wish],
    queryFn: ({ signal }) => api.call('serviceMap', { query: given({ ...wish }), signal }),
    ...overTime,
    retry: 1,
  });

type StatementSort = 'time' | 'calls' | 'slowest' | 'n-plus-one';

export const statementsQuery = (api: Client, wish: Span & { readonly service: string; readonly sort: StatementSort }) =>
  queryOptions({
    queryKey: ['statements', wish],
    queryFn: ({ signal }) => api.call('queryPatternList', { query: given({ ...wish }), signal }),
    ...overTime,
    retry: 1,
  });

export const comparisonQuery = (api: Client, rollout: string, span: Span) =>
  queryOptions({
    queryKey: ['comparison', rollout, span],
    queryFn: ({ signal }) => api.call('traceCompare', { query: { rollout, ...span }, signal }),
    enabled: rollout !== '',
    ...overTime,
    retry: 1,
  });
