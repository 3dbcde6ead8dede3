import { keepPreviousData, queryOptions } from '@tanstack/preact-query';
import type { Client } from '@belay/client';

export interface Span {
  readonly from: number;
  readonly to: number;
}

/** Settings of every question about a span of time: the last answer stays while the next one comes. */
export const overTime = { placeholderData: keepPreviousData, gcTime: 60_000 } as const;

/** Parameters with only what was given. */
export function given<T extends Readonly<Record<string, string | number | undefined>>>(
  parameters: T,
): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== undefined && value !== '')) as {
    [K in keyof T]?: NonNullable<T[K]>;
  };
}

/** Changes of all kinds in a span, as marks of a chart. */
export const marksQuery = (api: Client, span: Span, service: string) =>
  queryOptions({
    queryKey: ['marks', span.from, span.to, service],
    queryFn: ({ signal }) => api.call('changeMarks', { query: { ...span, ...given({ service }) }, signal }),
    ...overTime,
  });
