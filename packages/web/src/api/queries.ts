import type { RolloutStatus } from '@belay/protocol';
import { infiniteQueryOptions, queryOptions } from '@tanstack/preact-query';
import type { Client } from '@belay/client';

/** Keys and fetchers of everything the dashboard reads. The first part of a key is what live events refresh. */
export const overviewQuery = (api: Client) =>
  queryOptions({ queryKey: ['overview'], queryFn: ({ signal }) => api.call('overview', { signal }) });

export const statusQuery = (api: Client) =>
  queryOptions({ queryKey: ['status'], queryFn: ({ signal }) => api.call('status', { signal }) });

export const sessionQuery = (api: Client) =>
  queryOptions({
    queryKey: ['session'],
    queryFn: ({ signal }) => api.call('sessionGet', { signal }),
    staleTime: Infinity,
  });

export const rolloutQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['rollout', id],
    queryFn: ({ signal }) => api.call('rolloutGet', { params: { id }, signal }),
  });

export const seriesQuery = (api: Client, id: string, guard: string) =>
  queryOptions({
    queryKey: ['rollout', id, 'series', guard],
    queryFn: ({ signal }) => api.call('rolloutSeries', { params: { id }, query: { guard }, signal }),
  });

export const evidenceQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['rollout', id, 'evidence'],
    queryFn: ({ signal }) => api.call('rolloutEvidence', { params: { id }, signal }),
  });

export const rolloutsQuery = (api: Client, filter: { readonly status?: RolloutStatus; readonly flag?: string }) =>
  infiniteQueryOptions({
    queryKey: ['rollouts', filter],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('rolloutList', { query: { ...filter, limit: 50, ...cursor(pageParam) }, signal }),
    getNextPageParam: (page) => page.next,
  });

export const ledgerQuery = (api: Client, filter: { readonly kind?: string; readonly rollout?: string }) =>
  infiniteQueryOptions({
    queryKey: ['ledger', filter],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('changeList', { query: { ...filter, limit: 50, ...cursor(pageParam) }, signal }),
    getNextPageParam: (page) => page.next,
  });

export const flagsQuery = (api: Client) =>
  infiniteQueryOptions({
    queryKey: ['flags'],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) => api.call('flagList', { query: { limit: 50, ...cursor(pageParam) }, signal }),
    getNextPageParam: (page) => page.next,
  });

export const flagQuery = (api: Client, key: string) =>
  queryOptions({ queryKey: ['flag', key], queryFn: ({ signal }) => api.call('flagGet', { params: { key }, signal }) });

export const planQuery = (api: Client, flag: string) =>
  queryOptions({
    queryKey: ['plan', flag],
    queryFn: ({ signal }) => api.call('rolloutPlan', { body: { flag }, signal }),
    // A plan follows present traffic; one from before must not be started.
    gcTime: 0,
  });

export const tokensQuery = (api: Client) =>
  queryOptions({
    queryKey: ['tokens'],
    queryFn: ({ signal }) => api.call('tokenList', { query: { limit: 200 }, signal }),
  });

/** Errors that only the new path of a change has. */
export const newErrorsQuery = (api: Client, rolloutId: string) =>
  queryOptions({
    queryKey: ['rollout', rolloutId, 'new-errors'],
    queryFn: ({ signal }) => api.call('rolloutNewErrors', { params: { id: rolloutId }, signal }),
    // Errors come from the telemetry store, which may be away while the change is still guarded.
    retry: 1,
    staleTime: 5000,
  });

export const storageQuery = (api: Client) =>
  queryOptions({ queryKey: ['storage'], queryFn: ({ signal }) => api.call('storageGet', { signal }), retry: 1 });

export const sentryKeysQuery = (api: Client) =>
  queryOptions({
    queryKey: ['sentry-keys'],
    queryFn: ({ signal }) => api.call('sentryKeyList', { query: { limit: 200 }, signal }),
  });

const cursor = (value: string): { readonly cursor?: string } => (value === '' ? {} : { cursor: value });
