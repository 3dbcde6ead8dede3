import type { CheckHistory } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { plural } from '../format/numbers.ts';
import { formatWhen } from '../format/times.ts';
import { Failure, Loading } from '../parts/states.tsx';
import { checkHistoryQuery } from './check-queries.ts';

const SHOWN = 90;

/** The last 90 hours that had runs, a bar an hour: how many passed, and how many did not. */
export function CheckHours({ id }: { readonly id: string }): JSX.Element {
  const history = useQuery(checkHistoryQuery(useApi(), id));
  if (history.isError && history.data === undefined)
    return (
      <Failure error={history.error} what="The history could not be read" onRetry={() => void history.refetch()} />
    );
  if (history.data === undefined)
    return (
      <section className="card">
        <Loading what="the history" height={140} />
      </section>
    );
  const hours = history.data.hours.slice(-SHOWN);
  const failed = hours.reduce((sum, hour) => sum + hour.failed, 0);
  const runs = hours.reduce((sum, hour) => sum + hour.passed + hour.failed, 0);
  return (
    <section className="card" aria-labelledby="hours-title">
      <header>
        <h2 id="hours-title">By the hour</h2>
        <span className="sub num">
          {failed} of {plural(runs, 'run')} failed
        </span>
      </header>
      {hours.length === 0 ? <p className="card-empty">No run in this time.</p> : <Bars hours={hours} />}
    </section>
  );
}

function Bars({ hours }: { readonly hours: CheckHistory['hours'] }): JSX.Element {
  const now = Date.now();
  return (
    <ol className="hours">
      {hours.map(({ at, passed, failed }) => {
        const text = `${formatWhen(at, now)}: ${failed} of ${plural(passed + failed, 'run')} failed`;
        return (
          <li key={at} title={text}>
            <span className="vh">{text}</span>
            <i aria-hidden="true" style={{ height: `${(100 * failed) / Math.max(1, passed + failed)}%` }} />
          </li>
        );
      })}
    </ol>
  );
}
