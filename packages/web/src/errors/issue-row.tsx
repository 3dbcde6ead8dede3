import type { IssueSummary } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { plural } from '../format/numbers.ts';
import { formatNumber } from '../format/values.ts';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { IssueButtons } from './issue-buttons.tsx';
import { IssueEvidence } from './issue-evidence.tsx';
import { issueQuery } from './issue-queries.ts';
import { IssueSpark } from './issue-spark.tsx';
import { culpritText, IssueTags } from './issue-tags.tsx';
import type { IssueActions } from './use-issue-actions.ts';

export interface IssueRowProps {
  readonly issue: IssueSummary;
  readonly isOpen: boolean;
  readonly isSelected: boolean;
  readonly onToggle: () => void;
  readonly onSelect: () => void;
  readonly actions: IssueActions;
}

/** One error; opened in place it shows where it was thrown and whom it meets. */
export function IssueRow({ issue, isOpen, isSelected, onToggle, onSelect, actions }: IssueRowProps): JSX.Element {
  const body = `issue-${issue.id}`;
  return (
    <li data-issue={issue.id} className={`${isSelected ? 'selected' : ''} ${isOpen ? 'open' : ''}`}>
      <div className="issue">
        <input type="checkbox" checked={isSelected} aria-label={`Select ${issue.title}`} onChange={onSelect} />
        <button
          className="issue-main"
          type="button"
          data-row
          aria-expanded={isOpen}
          aria-controls={isOpen ? body : undefined}
          onClick={onToggle}
        >
          <span className="issue-title">
            <b>{issue.type}</b> {issue.value}
          </span>
          <span className="issue-where sub">
            <span className="mono">{culpritText(issue.culprit)}</span>
            <span>{issue.service}</span>
            {issue.handled === false && <span>not caught</span>}
            {issue.lastRelease !== '' && <span>{issue.lastRelease}</span>}
          </span>
          <span className="issue-tags">
            <IssueTags issue={issue} />
          </span>
        </button>
        <IssueSpark spark={issue.sparkline} />
        <span className="issue-count num">
          <b>{formatNumber(issue.events)}</b>
          <span className="sub">{issue.users > 0 ? plural(issue.users, 'user') : 'events'}</span>
        </span>
        <span className="issue-when sub num">
          <Time at={issue.lastSeen} />
          <span>
            first <Time at={issue.firstSeen} />
          </span>
        </span>
      </div>
      {isOpen && (
        <div className="issue-open" id={body}>
          <Opened issue={issue} actions={actions} />
        </div>
      )}
    </li>
  );
}

function Opened({ issue, actions }: { readonly issue: IssueSummary; readonly actions: IssueActions }): JSX.Element {
  const detail = useQuery(issueQuery(useApi(), issue.id));
  if (detail.data !== undefined)
    return (
      <>
        <div className="issue-acts">
          <IssueButtons issue={detail.data} actions={actions} />
          <Link className="btn small" href={`/errors/${encodeURIComponent(issue.id)}`}>
            Everything about it
          </Link>
        </div>
        <IssueEvidence issue={detail.data} event={detail.data.latest} />
      </>
    );
  if (detail.isError)
    return <Failure error={detail.error} what="The error could not be read" onRetry={() => void detail.refetch()} />;
  return <Loading what="the error" height={240} />;
}
