import type { IssueDetail } from '@belay/protocol';
import type { JSX } from 'preact';
import { Icon } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';

/** What people and Belay did about an error, newest first. */
export function HistoryList({ entries }: { readonly entries: IssueDetail['happened'] }): JSX.Element | null {
  if (entries.length === 0) return null;
  return (
    <section className="card" aria-labelledby="happened-title">
      <header>
        <h2 id="happened-title">What happened</h2>
      </header>
      <ol className="ledger narrow-ledger">
        {entries.map((entry) => (
          <li key={entry.id}>
            <span className={`v ${entry.tone}`}>
              <Icon name={entry.actor.kind === 'person' ? 'person' : 'machine'} />
            </span>
            <span>
              {entry.sentence}
              {entry.reason !== null && <span className="why">“{entry.reason}”</span>}
              <span className="why num">
                <Time at={entry.at} />, {entry.actor.name}
              </span>
            </span>
          </li>
        ))}
      </ol>
    </section>
  );
}
