import type { IssueDetail } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { formatNumber } from '../format/values.ts';
import { Failure, InlineFailure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { useShortcut } from '../shell/shortcut-provider.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { AssigneeField } from './assignee-field.tsx';
import { IssueButtons } from './issue-buttons.tsx';
import { EventsCard } from './issue-events.tsx';
import { IssueEvidence } from './issue-evidence.tsx';
import { HistoryList } from './issue-history.tsx';
import { issueEventQuery, issueQuery } from './issue-queries.ts';
import { IssueSpark } from './issue-spark.tsx';
import { culpritText, IssueTags } from './issue-tags.tsx';
import { type IssueActions, useIssueActions } from './use-issue-actions.ts';
import '../explore/explore.css';
import './errors.css';

/** Everything about one error: its stack, its events, who meets it, what was done about it. */
export function IssuePage({ id }: { readonly id: string }): JSX.Element {
  const issue = useQuery(issueQuery(useApi(), id));
  return (
    <PageFrame
      title={issue.data?.title ?? 'Error'}
      trail={[{ text: 'Errors', href: '/errors' }]}
      here={issue.data === undefined ? 'Error' : `#${issue.data.number}`}
    >
      {issue.data === undefined && <h1 className="vh">Error</h1>}
      {issue.data !== undefined && <Body issue={issue.data} />}
      {issue.isPending && <Loading what="the error" height={620} />}
      {issue.isError && issue.data === undefined && (
        <Failure error={issue.error} what="The error could not be read" onRetry={() => void issue.refetch()} />
      )}
    </PageFrame>
  );
}

function Body({ issue }: { readonly issue: IssueDetail }): JSX.Element {
  const actions = useIssueActions();
  const [eventId, setEvent] = useUrlState('event', '');
  const event = useQuery({ ...issueEventQuery(useApi(), issue.id, eventId), enabled: eventId !== '' });
  const canResolve = issue.allowed.includes('resolve');
  useShortcut('resolve', canResolve ? () => actions.act([issue.id], { action: 'resolve' }) : null);
  return (
    <article>
      <Head issue={issue} actions={actions} />
      {actions.error !== null && <InlineFailure error={actions.error} />}
      <Figures issue={issue} />
      <div className="cols">
        <div className="stack">
          <section className="card pad" aria-labelledby="event-title">
            <h2 className="vh" id="event-title">
              The event
            </h2>
            {event.isError && <InlineFailure error={event.error} />}
            <IssueEvidence issue={issue} event={eventId === '' ? issue.latest : (event.data ?? issue.latest)} />
          </section>
          <EventsCard issue={issue} chosen={eventId} onChoose={setEvent} />
        </div>
        <aside className="stack" aria-label="About it">
          <section className="card pad" aria-labelledby="who-title">
            <h2 id="who-title">Who looks after it</h2>
            <AssigneeField issue={issue} actions={actions} />
          </section>
          <section className="card pad" aria-labelledby="why-title">
            <h2 id="why-title">Why these events are one error</h2>
            <p className="sub">{issue.grouping}</p>
          </section>
          {issue.similar.length > 0 && <Similar issue={issue} />}
          <HistoryList entries={issue.happened} />
        </aside>
      </div>
    </article>
  );
}

function Head({ issue, actions }: { readonly issue: IssueDetail; readonly actions: IssueActions }): JSX.Element {
  return (
    <>
      <div className="head">
        <div className="issue-head">
          <h1>
            {issue.type} <span className="value">{issue.value}</span>
          </h1>
          <div className="meta">
            <IssueTags issue={issue} />
            <span className="mono">{culpritText(issue.culprit)}</span>
            <span>{issue.services.join(', ')}</span>
            {issue.handled === false && <span>not caught</span>}
          </div>
        </div>
        <div className="acts always">
          <IssueButtons issue={issue} actions={actions} />
        </div>
      </div>
      <p className="selection" role="status">
        {actions.recent?.sentence}
        {actions.recent !== null && actions.recent.undo !== null && (
          <button className="btn small" type="button" onClick={actions.recent.undo}>
            Undo
          </button>
        )}
      </p>
    </>
  );
}

function Figures({ issue }: { readonly issue: IssueDetail }): JSX.Element {
  return (
    <div className="figures card num">
      <dl>
        <div>
          <dt>Lately</dt>
          <dd>{formatNumber(issue.events)}</dd>
        </div>
        <div>
          <dt>Ever</dt>
          <dd>{formatNumber(issue.eventsTotal)}</dd>
        </div>
        <div>
          <dt>Users</dt>
          <dd>{issue.users > 0 ? formatNumber(issue.users) : 'not told'}</dd>
        </div>
        <div>
          <dt>First seen</dt>
          <dd>
            <Time at={issue.firstSeen} />
            {issue.firstRelease !== '' && <span className="sub"> in {issue.firstRelease}</span>}
          </dd>
        </div>
        <div>
          <dt>Last seen</dt>
          <dd>
            <Time at={issue.lastSeen} />
            {issue.lastRelease !== '' && <span className="sub"> in {issue.lastRelease}</span>}
          </dd>
        </div>
      </dl>
      <IssueSpark spark={issue.sparkline} />
    </div>
  );
}

function Similar({ issue }: { readonly issue: IssueDetail }): JSX.Element {
  return (
    <section className="card pad" aria-labelledby="similar-title">
      <h2 id="similar-title">Much like it</h2>
      <ul className="similar">
        {issue.similar.map((one) => (
          <li key={one.id}>
            <Link className="link" href={`/errors/${encodeURIComponent(one.id)}`}>
              {one.title}
            </Link>
            <span className="sub"> {one.why}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
