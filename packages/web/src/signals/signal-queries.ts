import type { SignalDimension } from '@belay/protocol';
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/preact-query';
import type { Client } from '@belay/client';

interface SignalFilter {
  readonly service?: string;
  readonly dimension?: SignalDimension;
  readonly search?: string;
}

/** Everything the Signals screens read. Live events refresh `signals`, `signal`, `alarms` and `scorecards`. */
export const signalsQuery = (api: Client, filter: SignalFilter) =>
  infiniteQueryOptions({
    queryKey: ['signals', filter],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('signalList', {
        query: { ...filter, limit: 50, ...(pageParam === '' ? {} : { cursor: pageParam }) },
        signal,
      }),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
  });

export const signalQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['signal', id],
    queryFn: ({ signal }) => api.call('signalGet', { params: { id }, signal }),
  });

export const signalSeriesQuery = (api: Client, id: string, range: { readonly from: number; readonly to: number }) =>
  queryOptions({
    queryKey: ['signal', id, 'series', range.from, range.to],
    queryFn: ({ signal }) => api.call('signalSeries', { params: { id }, query: range, signal }),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });

export const scorecardsQuery = (api: Client) =>
  infiniteQueryOptions({
    queryKey: ['scorecards'],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('scorecardList', { query: { limit: 20, ...(pageParam === '' ? {} : { cursor: pageParam }) }, signal }),
    getNextPageParam: (page) => page.next,
  });
