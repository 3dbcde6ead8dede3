import type { CheckKind } from '@belay/protocol';
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/preact-query';
import type { Client } from '@belay/client';

interface CheckFilter {
  readonly kind?: CheckKind;
  readonly service?: string;
  readonly search?: string;
}

const from = (cursor: string) => (cursor === '' ? {} : { cursor });

/** Everything the Checks screens read. Live events refresh `checks`, `check`, `check-incidents` and `startup-reports`. */
export const checksQuery = (api: Client, filter: CheckFilter) =>
  infiniteQueryOptions({
    queryKey: ['checks', filter],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('checkList', { query: { ...filter, limit: 50, ...from(pageParam) }, signal }),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const checkQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['check', id],
    queryFn: ({ signal }) => api.call('checkGet', { params: { id }, signal }),
  });

export const checkHistoryQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['check', id, 'history'],
    queryFn: ({ signal }) => api.call('checkHistory', { params: { id }, signal }),
  });

export const incidentsQuery = (api: Client) =>
  infiniteQueryOptions({
    queryKey: ['check-incidents'],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('checkIncidentList', { query: { limit: 10, ...from(pageParam) }, signal }),
    getNextPageParam: (page) => page.next,
  });

export const startupReportsQuery = (api: Client) =>
  infiniteQueryOptions({
    queryKey: ['startup-reports'],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('startupReportList', { query: { limit: 10, ...from(pageParam) }, signal }),
    getNextPageParam: (page) => page.next,
  });
