import type { RolloutAction, RolloutView } from '@belay/protocol';
import { useMutation, useQueryClient } from '@tanstack/preact-query';
import { useApi } from '../api/api-context.ts';

/** Actions that go through `POST /api/v1/rollouts/{id}/...`. */
export type ActName = Exclude<RolloutAction, 'kill'>;

const endpointOf = {
  start: 'rolloutStart',
  hold: 'rolloutHold',
  resume: 'rolloutResume',
  approve: 'rolloutApprove',
  promote: 'rolloutPromote',
  rollback: 'rolloutRollback',
  cancel: 'rolloutCancel',
  acknowledge: 'rolloutAcknowledge',
} as const satisfies Record<ActName, string>;

export interface RolloutActions {
  readonly act: (action: ActName, reason?: string) => void;
  readonly actThen: (action: ActName, reason: string | undefined) => Promise<RolloutView>;
  readonly pending: ActName | null;
  readonly error: unknown;
}

/** What can be done to one rollout; the answer replaces what the page shows at once. */
export function useRolloutActions(id: string): RolloutActions {
  const api = useApi();
  const queries = useQueryClient();
  const mutation = useMutation({
    mutationFn: ({ action, reason }: { readonly action: ActName; readonly reason: string | undefined }) =>
      api.call(endpointOf[action], { params: { id }, body: reason === undefined ? {} : { reason } }),
    onSuccess: (view) => queries.setQueryData(['rollout', id], view),
    onSettled: () =>
      Promise.all([['overview'], ['rollouts'], ['ledger']].map((queryKey) => queries.invalidateQueries({ queryKey }))),
  });
  return {
    act: (action, reason) => mutation.mutate({ action, reason }),
    actThen: (action, reason) => mutation.mutateAsync({ action, reason }),
    pending: mutation.isPending ? mutation.variables.action : null,
    error: mutation.error,
  };
}
