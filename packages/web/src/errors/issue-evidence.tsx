import type { ErrorEventView, IssueDetail } from '@belay/protocol';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { plural } from '../format/numbers.ts';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';
import { StackView } from './stack-view.tsx';
import { ValueBars } from './value-bars.tsx';

/** Where an error was thrown, and who meets it: paths, releases and whatever events have in common. */
export function IssueEvidence(props: {
  readonly issue: IssueDetail;
  readonly event: ErrorEventView | null;
}): JSX.Element {
  const { issue, event } = props;
  const paths = issue.variants.map((one) => ({
    value: `${one.flagKey} ${one.variant}`,
    events: one.events,
    note: one.users > 0 ? plural(one.users, 'user') : '',
  }));
  return (
    <div className="evidence">
      <div className="evidence-main">
        {issue.onlyOnNewPath !== null && (
          <p className="v bad">
            <Icon name="octagon" />
            <Link href={`/changes/${encodeURIComponent(issue.onlyOnNewPath.rolloutId)}`}>
              {issue.onlyOnNewPath.sentence}
            </Link>
          </p>
        )}
        {issue.spike !== null && (
          <p className="v bad">
            <Icon name="up" />
            {issue.spike.sentence}
          </p>
        )}
        {issue.stateSentence !== '' && <p className="sub">{issue.stateSentence}</p>}
        {event === null ? (
          <p className="sub">Its events have expired; numbers and dates are kept.</p>
        ) : (
          <StackView event={event} />
        )}
        {event !== null && event.breadcrumbs.length > 0 && <Breadcrumbs event={event} />}
      </div>
      <div className="evidence-side">
        {event !== null && <EventFacts event={event} />}
        <ValueBars title="Paths" values={paths} />
        <ValueBars
          title="Releases"
          values={issue.releases.map((one) => ({ value: one.release, events: one.events }))}
        />
        {issue.tags.slice(0, 4).map((tag) => (
          <ValueBars key={tag.key} title={tag.key} values={tag.values} />
        ))}
      </div>
    </div>
  );
}

function EventFacts({ event }: { readonly event: ErrorEventView }): JSX.Element {
  const span = event.spanId === null ? '' : `?span=${event.spanId}`;
  return (
    <dl className="kv flat num">
      <dt>Event</dt>
      <dd>
        <Time at={event.at} />
      </dd>
      {event.transaction !== '' && (
        <>
          <dt>During</dt>
          <dd className="mono">{event.transaction}</dd>
        </>
      )}
      {event.environment !== '' && (
        <>
          <dt>Where</dt>
          <dd>{[event.environment, event.instance].filter((part) => part !== '').join(', ')}</dd>
        </>
      )}
      {event.user !== null && (
        <>
          <dt>User</dt>
          <dd className="mono">{event.user}</dd>
        </>
      )}
      {event.traceId !== null && (
        <>
          <dt>Trace</dt>
          <dd>
            <Link className="link" href={`/explore/traces/${event.traceId}${span}`}>
              Show the whole request
            </Link>
          </dd>
        </>
      )}
    </dl>
  );
}

function Breadcrumbs({ event }: { readonly event: ErrorEventView }): JSX.Element {
  return (
    <details>
      <summary>What happened before ({event.breadcrumbs.length})</summary>
      <ol className="crumbs-list">
        {event.breadcrumbs.toReversed().map((crumb, index) => (
          <li key={`${index}`}>
            <span className="sub num">{crumb.at === null ? '' : <Time at={crumb.at} as="second" />}</span>
            <span className="sub">{crumb.category}</span>
            <span>
              {crumb.message}
              {Object.entries(crumb.data).map(([key, value]) => (
                <span key={key} className="mono">
                  {` ${key}=${value}`}
                </span>
              ))}
            </span>
          </li>
        ))}
      </ol>
    </details>
  );
}
