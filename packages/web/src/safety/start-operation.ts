import type { Client } from '@belay/client';
import type { SafetyOperation } from '@belay/protocol';
import { useMutation, useQueryClient } from '@tanstack/preact-query';
import { useApi } from '../api/api-context.ts';

/** Starts something that takes a while and refreshes the page, which then follows it. */
export function useStart(start: (api: Client) => Promise<SafetyOperation>) {
  const api = useApi();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => start(api),
    onSuccess: () => queries.invalidateQueries({ queryKey: ['safety'] }),
  });
}
