import type { IssueAct } from '@belay/protocol';
import { useMutation, useQueryClient } from '@tanstack/preact-query';
import { useEffect, useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { plural } from '../format/numbers.ts';

const UNDO_FOR_MS = 20_000;
const done = {
  resolve: 'Resolved',
  'resolve-next-release': 'Resolved from the next release on:',
  ignore: 'Ignored',
  reopen: 'Reopened',
  assign: 'Assigned',
  merge: 'Merged',
  unmerge: 'Taken apart:',
} as const satisfies Record<IssueAct['action'], string>;

export interface IssueActions {
  readonly act: (ids: readonly string[], what: IssueAct) => void;
  /** What was just done, while it can be taken back. */
  readonly recent: { readonly sentence: string; readonly undo: (() => void) | null } | null;
  readonly isBusy: boolean;
  readonly error: unknown;
}

/** Acts on errors and remembers the last act, so that a slip is one press away from undone. */
export function useIssueActions(): IssueActions {
  const api = useApi();
  const queries = useQueryClient();
  const [last, setLast] = useState<{ ids: readonly string[]; what: IssueAct } | null>(null);
  const change = useMutation({
    mutationFn: ({ ids, what }: { readonly ids: readonly string[]; readonly what: IssueAct }) =>
      Promise.all(ids.map((id) => api.call('issueAct', { params: { id }, body: what }))),
    onSuccess: async (details, request) => {
      for (const detail of details) queries.setQueryData(['issue', detail.id], detail);
      setLast(request);
      await queries.invalidateQueries({ queryKey: ['issues'] });
    },
  });
  useEffect(() => {
    if (last === null) return undefined;
    const timer = window.setTimeout(() => setLast(null), UNDO_FOR_MS);
    return () => window.clearTimeout(timer);
  }, [last]);
  const undo = (ids: readonly string[]): void => change.mutate({ ids, what: { action: 'reopen' } });
  const canUndo = last !== null && ['resolve', 'resolve-next-release', 'ignore'].includes(last.what.action);
  return {
    act: (ids, what) => {
      if (ids.length > 0) change.mutate({ ids, what });
    },
    recent:
      last === null
        ? null
        : {
            sentence: `${done[last.what.action]} ${plural(last.ids.length, 'error')}.`,
            undo: canUndo ? () => undo(last.ids) : null,
          },
    isBusy: change.isPending,
    error: change.error,
  };
}
