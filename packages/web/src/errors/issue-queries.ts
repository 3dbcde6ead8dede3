import type { IssueListQuery } from '@belay/protocol';
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/preact-query';
import type { Client } from '@belay/client';

export type IssueFilter = Partial<Omit<IssueListQuery, 'cursor' | 'limit'>>;

/** Everything the Errors screens read. Live events refresh `issues` and `issue`. */
export const issuesQuery = (api: Client, filter: IssueFilter) =>
  infiniteQueryOptions({
    queryKey: ['issues', filter],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('issueList', {
        query: { ...filter, limit: 50, ...(pageParam === '' ? {} : { cursor: pageParam }) },
        signal,
      }),
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });

export const issueCountsQuery = (api: Client, filter: IssueFilter) =>
  queryOptions({
    queryKey: ['issues', 'counts', filter],
    queryFn: ({ signal }) => api.call('issueCounts', { query: filter, signal }),
    placeholderData: keepPreviousData,
    gcTime: 60_000,
  });

export const issueQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['issue', id],
    queryFn: ({ signal }) => api.call('issueGet', { params: { id }, signal }),
  });

export const issueEventsQuery = (api: Client, id: string) =>
  infiniteQueryOptions({
    queryKey: ['issue', id, 'events'],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('issueEvents', {
        params: { id },
        query: { limit: 25, ...(pageParam === '' ? {} : { cursor: pageParam }) },
        signal,
      }),
    getNextPageParam: (page) => page.next,
  });

export const issueEventQuery = (api: Client, id: string, eventId: string) =>
  queryOptions({
    queryKey: ['issue', id, 'event', eventId],
    queryFn: ({ signal }) => api.call('issueEvent', { params: { id, eventId }, signal }),
    // What was thrown does not change any more.
    staleTime: Infinity,
  });
