import { infiniteQueryOptions, queryOptions } from '@tanstack/preact-query';
import type { RestoreRequest, SafetyOperation } from '@belay/protocol';
import type { Client } from '@belay/client';

const from = (cursor: string) => (cursor === '' ? {} : { cursor });
/** Often while something runs, else once in half a minute: ages grow by themselves. */
const OFTEN_MS = 1000;
const SELDOM_MS = 30_000;

/** Everything the Data safety screens read; the first key is always `safety`. */
export const safetyQuery = (api: Client) =>
  queryOptions({
    queryKey: ['safety', 'view'],
    queryFn: ({ signal }) => api.call('safetyGet', { signal }),
    refetchInterval: ({ state }) => ((state.data?.running.length ?? 0) > 0 ? OFTEN_MS : SELDOM_MS),
  });

export const backupsQuery = (api: Client, source: string) =>
  infiniteQueryOptions({
    queryKey: ['safety', 'backups', source],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) =>
      api.call('backupList', {
        query: { ...(source === '' ? {} : { source }), limit: 25, ...from(pageParam) },
        signal,
      }),
    getNextPageParam: (page) => page.next,
    refetchInterval: SELDOM_MS,
  });

export const backupQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['safety', 'backup', id],
    queryFn: ({ signal }) => api.call('backupGet', { params: { id }, signal }),
  });

export const receiptsQuery = (api: Client) =>
  infiniteQueryOptions({
    queryKey: ['safety', 'receipts'],
    initialPageParam: '',
    queryFn: ({ signal, pageParam }) => api.call('drillList', { query: { limit: 8, ...from(pageParam) }, signal }),
    getNextPageParam: (page) => page.next,
    refetchInterval: SELDOM_MS,
  });

export const restorePlanQuery = (api: Client, id: string, mode: RestoreRequest['mode']) =>
  queryOptions({
    queryKey: ['safety', 'plan', id, mode],
    queryFn: ({ signal }) => api.call('restorePlan', { params: { id }, query: { mode }, signal }),
    gcTime: 0,
  });

export const operationQuery = (api: Client, id: string) =>
  queryOptions({
    queryKey: ['safety', 'operation', id],
    queryFn: ({ signal }) => api.call('safetyOperationGet', { params: { id }, signal }),
    refetchInterval: ({ state }) => (state.data !== undefined && hasEnded(state.data) ? false : OFTEN_MS),
  });

/** Whether nothing more happens in an operation. */
export function hasEnded({ state }: SafetyOperation): boolean {
  return state === 'done' || state === 'failed' || state === 'interrupted';
}
