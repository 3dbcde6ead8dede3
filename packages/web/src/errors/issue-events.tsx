import type { IssueDetail } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { MoreRows } from '../parts/more-rows.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { issueEventsQuery } from './issue-queries.ts';

/** The single events of an error; the chosen one is shown above with its stack. */
export function EventsCard(props: {
  readonly issue: IssueDetail;
  readonly chosen: string;
  readonly onChoose: (eventId: string) => void;
}): JSX.Element {
  const list = useInfiniteQuery(issueEventsQuery(useApi(), props.issue.id));
  const events = list.data?.pages.flatMap((page) => page.items) ?? [];
  useRowKeys();
  return (
    <section className="card" aria-labelledby="events-title">
      <header>
        <h2 id="events-title">Events</h2>
      </header>
      {list.isPending && <Loading what="the events" height={200} />}
      {list.isError && (
        <Failure error={list.error} what="The events could not be read" onRetry={() => void list.refetch()} />
      )}
      <ul className="events">
        {events.map((event) => (
          <li key={event.eventId} aria-current={event.eventId === props.chosen ? 'true' : undefined}>
            <button type="button" className="linkish num" data-row onClick={() => props.onChoose(event.eventId)}>
              <Time at={event.at} />
            </button>
            <span className="sub">{event.transaction}</span>
            <span className="sub">
              {[event.release, event.environment, event.variant ?? ''].filter((part) => part !== '').join(' · ')}
            </span>
            {event.traceId !== null && (
              <Link className="link" href={`/explore/traces/${event.traceId}`}>
                Trace
              </Link>
            )}
          </li>
        ))}
      </ul>
      <MoreRows list={list} text="Show older events" />
    </section>
  );
}
