import type { OverviewView } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { overviewQuery } from '../api/queries.ts';
import { toneIcons } from '../format/verdict-icons.ts';
import { ChangesTable } from '../changes/changes-table.tsx';
import { useLive } from '../live/live-provider.tsx';
import { Icon } from '../parts/icon.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { paletteKeys } from '../shell/sidebar.tsx';
import { FreezeButton } from './freeze-button.tsx';
import { GoingOutCard } from './going-out-card.tsx';
import { SignalCard } from './signal-card.tsx';

/** One sentence about everything, then what is going out and what to look at. */
export function OverviewPage({ onShip }: { readonly onShip: () => void }): JSX.Element {
  const overview = useQuery(overviewQuery(useApi()));
  useRowKeys();
  return (
    <PageFrame title="Overview" here="Overview">
      {overview.data !== undefined && <Overview overview={overview.data} onShip={onShip} />}
      {overview.isPending && <Loading what="the overview" height={620} />}
      {overview.isError && overview.data === undefined && (
        <Failure
          error={overview.error}
          what="The overview could not be read"
          stillWorks="Rollouts are still guarded; this page is not."
          onRetry={() => void overview.refetch()}
        />
      )}
    </PageFrame>
  );
}

function Overview({ overview, onShip }: { readonly overview: OverviewView; readonly onShip: () => void }): JSX.Element {
  const isLost = useLive().freshness.value.kind === 'lost';
  const isFirstTime = overview.changes.length === 0 && overview.goingOut.length === 0;
  return (
    <>
      <div className="hero">
        <div>
          <h1>{overview.headline}</h1>
          <p>{overview.sub}</p>
        </div>
        <div className="acts">
          <FreezeButton freeze={overview.freeze} />
          <button className="btn primary" type="button" onClick={onShip}>
            Ship a change
          </button>
        </div>
      </div>
      <div className={overview.whenYouHaveAMinute.length > 0 ? 'row1' : 'row1 alone'}>
        <div className="stack">
          {overview.goingOut.map((rollout) => (
            <GoingOutCard key={rollout.id} rollout={rollout} />
          ))}
          {overview.goingOut.length === 0 && <NothingOut isFirstTime={isFirstTime} onShip={onShip} />}
        </div>
        {overview.whenYouHaveAMinute.length > 0 && <Minute items={overview.whenYouHaveAMinute} />}
      </div>
      {overview.signals.length > 0 && (
        <div className={isLost ? 'sigs stale' : 'sigs'}>
          {overview.signals.map((signal) => (
            <SignalCard key={signal.id} signal={signal} />
          ))}
        </div>
      )}
      <div className="row3">
        {overview.changes.length > 0 && (
          <section className="card" aria-labelledby="changes-title">
            <header>
              <h2 id="changes-title">Changes</h2>
              <Link className="more" href="/changes">
                All changes
              </Link>
            </header>
            <ChangesTable rollouts={overview.changes} />
          </section>
        )}
        {overview.safetyNet.length > 0 && <SafetyNet items={overview.safetyNet} />}
      </div>
      <p className="hint">
        <span>
          <kbd>{paletteKeys()}</kbd> search or run
        </span>
        <span>
          <kbd>G</kbd> <kbd>C</kbd> changes
        </span>
        <span>
          <kbd>J</kbd> <kbd>K</kbd> move
        </span>
        <span>
          <kbd>?</kbd> all shortcuts
        </span>
      </p>
    </>
  );
}

function NothingOut({
  isFirstTime,
  onShip,
}: {
  readonly isFirstTime: boolean;
  readonly onShip: () => void;
}): JSX.Element {
  return (
    <section className="card" aria-label="Going out">
      {isFirstTime ? (
        <Empty title="No change has gone out yet" commands={['belay init', 'belay demo']}>
          <p>
            Put a flag around the new path in your service, then ship it a little at a time. <code>belay init</code>{' '}
            writes the two files for it; <code>belay demo</code> shows the whole story with a small shop.
          </p>
        </Empty>
      ) : (
        <Empty title="Nothing is going out">
          <p>Everybody is on a path that was kept or taken back.</p>
          <button className="btn" type="button" onClick={onShip}>
            Ship a change
          </button>
        </Empty>
      )}
    </section>
  );
}

function Minute({ items }: { readonly items: OverviewView['whenYouHaveAMinute'] }): JSX.Element {
  return (
    <section className="card" aria-labelledby="minute-title">
      <header>
        <h2 id="minute-title">When you have a minute</h2>
      </header>
      <ul className="todo">
        {items.map((item) => (
          <li key={item.title}>
            <span className={`x v ${item.tone}`}>
              <Icon name={toneIcons[item.tone]} />
            </span>
            <span>
              <span className="h">{item.title}</span>
              <span className="w">{item.detail}</span>
            </span>
            <Link className="btn" href={item.href} aria-label={`${item.verb}: ${item.title}`}>
              {item.verb}
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

function SafetyNet({ items }: { readonly items: OverviewView['safetyNet'] }): JSX.Element {
  return (
    <section className="card" aria-labelledby="net-title">
      <header>
        <h2 id="net-title">Safety net</h2>
      </header>
      <ul className="net">
        {items.map((item) => (
          <li key={item.title}>
            <span className={`v ${item.tone}`}>
              <Icon name={toneIcons[item.tone]} />
            </span>
            <span className="k">
              {item.title}
              <small>{item.detail}</small>
            </span>
            <span className="r num">{item.state}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
