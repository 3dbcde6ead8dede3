import type { LedgerEntryView, RolloutView } from '@belay/protocol';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { Icon, type IconName } from '../parts/icon.tsx';
import { Time } from '../parts/time.tsx';

const HOUR = 3_600_000;
const toneClass = { ok: 'ok', bad: 'bad', wait: 'wait', live: 'acc', none: '' } as const;

/** What happened to this change, newest first; people and machine told apart by icon. */
export function HistoryCard({ rollout }: { readonly rollout: RolloutView }): JSX.Element {
  const lasted = (rollout.endedAt ?? rollout.updatedAt) - (rollout.startedAt ?? rollout.createdAt);
  return (
    <section className="card">
      <header>
        <h2>What happened</h2>
        <Link className="more" href={`/changes?rollout=${encodeURIComponent(rollout.id)}`}>
          Audit log
        </Link>
      </header>
      <HistoryList entries={rollout.happened} withSeconds={lasted < HOUR} />
    </section>
  );
}

function HistoryList(props: {
  readonly entries: readonly LedgerEntryView[];
  readonly withSeconds: boolean;
}): JSX.Element {
  return (
    <ol className="tl">
      {props.entries.map((entry) => (
        <li key={entry.id}>
          <span className={`d ${toneClass[entry.tone]}`}>
            <Icon name={entryIcon(entry)} />
          </span>
          <span>
            <Time at={entry.at} as={props.withSeconds ? 'second' : 'clock'} />
            <span className="vh">{entry.actor.kind === 'machine' ? 'By Belay: ' : `By ${entry.actor.name}: `}</span>
            <b>{entry.sentence}</b>
            {entry.reason !== null && <span className="why">“{entry.reason}”</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}

/** People keep the person; what the machine did shows what it was. */
export function entryIcon(entry: Pick<LedgerEntryView, 'actor' | 'kind' | 'tone'>): IconName {
  if (entry.kind.endsWith('rolled-back')) return 'back';
  if (entry.actor.kind === 'person') return 'person';
  if (entry.tone === 'ok') return 'check';
  if (entry.tone === 'bad') return 'octagon';
  if (entry.tone === 'wait') return 'pause';
  return entry.tone === 'live' ? 'arrow' : 'machine';
}
