import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/preact-query';
import type { Client } from '@belay/client';
import { given, overTime, type Span } from '../explore/explore-queries.ts';

/** Which lines a screen is about. */
export interface LogWish extends Span {
  readonly q: string;
  readonly service: string;
}

export const logsQuery = (api: Client, wish: LogWish) =>
  infiniteQueryOptions({
    queryKey: ['logs', wish],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('logList', { query: { limit: 100, ...given({ ...wish, cursor: pageParam }) }, signal }),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
    retry: 1,
  });

export const logHistogramQuery = (api: Client, wish: LogWish) =>
  queryOptions({
    queryKey: ['logs', 'histogram', wish],
    queryFn: ({ signal }) => api.call('logHistogram', { query: { steps: 80, ...given({ ...wish }) }, signal }),
    ...overTime,
    retry: 1,
  });

export const logPatternsQuery = (api: Client, wish: LogWish) =>
  queryOptions({
    queryKey: ['logs', 'patterns', wish],
    queryFn: ({ signal }) => api.call('logPatterns', { query: { limit: 100, ...given({ ...wish }) }, signal }),
    ...overTime,
    retry: 1,
  });

export const logLineQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['log-line', id],
    queryFn: ({ signal }) => api.call('logGet', { params: { id }, signal }),
    staleTime: Infinity,
    gcTime: 60_000,
  });

export const logContextQuery = (api: Client, line: string, same: 'instance' | 'service' | 'trace') =>
  queryOptions({
    queryKey: ['log-context', line, same],
    queryFn: ({ signal }) => api.call('logContext', { query: { line, same, before: 12, after: 12 }, signal }),
    staleTime: Infinity,
    gcTime: 60_000,
  });
