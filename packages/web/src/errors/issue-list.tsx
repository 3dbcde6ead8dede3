import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { plural } from '../format/numbers.ts';
import { MoreRows } from '../parts/more-rows.tsx';
import { Empty, Failure, InlineFailure, Loading } from '../parts/states.tsx';
import type { LiveRange } from '../range/use-time-range.ts';
import { useRowKeys } from '../shell/row-keys.ts';
import { useShortcut } from '../shell/shortcut-provider.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { useIssueFilter } from './issue-filters.tsx';
import { issuesQuery } from './issue-queries.ts';
import { IssueRow } from './issue-row.tsx';
import { NoErrors } from './no-errors.tsx';
import { type IssueActions, useIssueActions } from './use-issue-actions.ts';

/** The stream of errors. j and k move, Enter opens in place, x selects, e resolves; a slip can be undone. */
export function IssueList({ live }: { readonly live: LiveRange }): JSX.Element {
  const filter = useIssueFilter(live);
  const list = useInfiniteQuery(issuesQuery(useApi(), filter.listed));
  const issues = list.data?.pages.flatMap((page) => page.items) ?? [];
  const [open, setOpen] = useUrlState('open', '');
  const [selected, setSelected] = useState<ReadonlySet<string>>(new Set());
  const actions = useIssueActions();
  const toggle = (id: string): void => {
    const next = new Set(selected);
    if (!next.delete(id)) next.add(id);
    setSelected(next);
  };
  const resolve = (): void => {
    const focused = focusedIssue();
    const ids = selected.size > 0 ? [...selected] : focused === null ? [] : [focused];
    if (focused !== null && ids.includes(focused)) moveFocusOn();
    actions.act(ids, { action: 'resolve' });
    setSelected(new Set());
  };
  useRowKeys();
  useShortcut('select', () => {
    const focused = focusedIssue();
    if (focused !== null) toggle(focused);
  });
  useShortcut('resolve', resolve);
  return (
    <>
      <SelectionBar selected={selected} actions={actions} onResolve={resolve} onClear={() => setSelected(new Set())} />
      {list.isPending && <Loading what="the errors" height={360} />}
      {list.isError && issues.length === 0 && (
        <Failure
          error={list.error}
          what="The errors could not be read"
          stillWorks="What services report is still stored, and rollouts are still guarded."
          onRetry={() => void list.refetch()}
        />
      )}
      <ul className="issues-list">
        {issues.map((issue) => (
          <IssueRow
            key={issue.id}
            issue={issue}
            isOpen={issue.id === open}
            isSelected={selected.has(issue.id)}
            onToggle={() => setOpen(issue.id === open ? '' : issue.id)}
            onSelect={() => toggle(issue.id)}
            actions={actions}
          />
        ))}
      </ul>
      {list.isSuccess && issues.length === 0 && !filter.isNarrow && <NoErrors />}
      {list.isSuccess && issues.length === 0 && filter.isNarrow && (
        <Empty title="No error fits">Widen the time, the words or the state above.</Empty>
      )}
      <MoreRows list={list} text="Show more errors" />
    </>
  );
}

function SelectionBar(props: {
  readonly selected: ReadonlySet<string>;
  readonly actions: IssueActions;
  readonly onResolve: () => void;
  readonly onClear: () => void;
}): JSX.Element {
  const { selected, actions } = props;
  const ignore = (): void => {
    actions.act([...selected], { action: 'ignore' });
    props.onClear();
  };
  return (
    <div className="selection" role="status">
      {actions.error !== null && <InlineFailure error={actions.error} />}
      {selected.size > 0 && (
        <>
          <b>{plural(selected.size, 'error')} selected</b>
          <button className="btn small primary" type="button" disabled={actions.isBusy} onClick={props.onResolve}>
            Resolve
          </button>
          <button className="btn small" type="button" disabled={actions.isBusy} onClick={ignore}>
            Ignore
          </button>
          <button className="btn small" type="button" onClick={props.onClear}>
            Select none
          </button>
        </>
      )}
      {selected.size === 0 && actions.recent !== null && (
        <>
          <span>{actions.recent.sentence}</span>
          {actions.recent.undo !== null && (
            <button className="btn small" type="button" disabled={actions.isBusy} onClick={actions.recent.undo}>
              Undo
            </button>
          )}
        </>
      )}
    </div>
  );
}

function focusedRow(): HTMLElement | null {
  return document.activeElement?.closest<HTMLElement>('[data-issue]') ?? null;
}

function focusedIssue(): string | null {
  return focusedRow()?.dataset['issue'] ?? null;
}

/** The row in focus is about to go: the next one takes over, so that the keyboard is never lost. */
function moveFocusOn(): void {
  const row = focusedRow();
  const next = row?.nextElementSibling ?? row?.previousElementSibling;
  next?.querySelector<HTMLElement>('[data-row]')?.focus();
}
