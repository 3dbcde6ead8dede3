import type { CheckIncidentView } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { plural } from '../format/numbers.ts';
import { formatDuration } from '../format/times.ts';
import { toneIcons } from '../format/verdict-icons.ts';
import { Icon } from '../parts/icon.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { incidentsQuery } from './check-queries.ts';

/** What people were told about checks, one line a cause, newest first. */
export function ToldCard(): JSX.Element {
  const list = useInfiniteQuery(incidentsQuery(useApi()));
  const incidents = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="card" aria-labelledby="told-title">
      <header>
        <h2 id="told-title">What was told</h2>
      </header>
      {list.isPending && <Loading what="the messages" height={120} />}
      {list.isError && (
        <Failure error={list.error} what="The messages could not be read" onRetry={() => void list.refetch()} />
      )}
      {list.isSuccess && incidents.length === 0 && <p className="card-empty">Nothing so far.</p>}
      <ul className="told">
        {incidents.map((incident) => (
          <li key={incident.id}>
            <span className={`v ${incident.endedAt === null ? incident.tone : 'none'}`}>
              <Icon name={incident.endedAt === null ? toneIcons[incident.tone] : 'check'} />
            </span>
            <span>
              {incident.sentence}
              <span className="why num">
                <Time at={incident.openedAt} />
                {stateText(incident)}
              </span>
            </span>
          </li>
        ))}
      </ul>
      <MoreRows list={list} text="Show older ones" />
    </section>
  );
}

function stateText({ state, openedAt, endedAt, mutedBy, reminders, toldAt }: CheckIncidentView): string {
  const lasted = endedAt === null ? '' : `, over after ${formatDuration(endedAt - openedAt)}`;
  if (mutedBy !== null) return `${lasted}, explained by ${mutedBy}`;
  if (state === 'waiting' || toldAt === null) return `${lasted}, not told yet`;
  return reminders > 0 ? `${lasted}, reminded ${plural(reminders, 'time')}` : lasted;
}
