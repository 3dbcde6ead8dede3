import type { SafetyView } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { Icon } from '../parts/icon.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { BackupList } from './backup-list.tsx';
import { OperationProgress } from './operation-progress.tsx';
import { PlacesCard } from './places-card.tsx';
import { ProofsCard } from './proofs-card.tsx';
import { safetyQuery } from './safety-queries.ts';
import { SourceCard } from './source-card.tsx';
import '../checks/checks.css';
import './safety.css';

/** Data safety: the newest state that is proven restorable, where it is kept, and the way back. */
export function SafetyPage(): JSX.Element {
  useRowKeys();
  const safety = useQuery(safetyQuery(useApi()));
  return (
    <PageFrame title="Data safety" here="Data safety">
      {safety.data === undefined && <h1 className="vh">Data safety</h1>}
      {safety.isPending && <Loading what="the state of the backups" height={520} />}
      {safety.isError && safety.data === undefined && (
        <Failure
          error={safety.error}
          what="The state of the backups could not be read"
          stillWorks="Backups are still made, and belay backup restore works without this server."
          onRetry={() => void safety.refetch()}
        />
      )}
      {safety.data !== undefined && <Body safety={safety.data} />}
    </PageFrame>
  );
}

function Body({ safety }: { readonly safety: SafetyView }): JSX.Element {
  return (
    <article>
      <div className="head">
        <div>
          <h1>{safety.summary}</h1>
          <p className="sub">Only what was restored as a test counts as a backup.</p>
        </div>
      </div>
      <div className="cols">
        <div className="stack">
          {safety.running.map((operation) => (
            <section key={operation.id} className="card pad" aria-label="Running now" aria-live="polite">
              <OperationProgress operation={operation} />
            </section>
          ))}
          {safety.sources.map((source) => (
            <SourceCard key={source.name} source={source} />
          ))}
          <BackupList sources={safety.sources.map((source) => source.name)} />
        </div>
        <aside className="stack" aria-label="Places, proofs and notes">
          <PlacesCard safety={safety} />
          <ProofsCard />
          <Notes safety={safety} />
        </aside>
      </div>
    </article>
  );
}

function Notes({ safety }: { readonly safety: SafetyView }): JSX.Element | null {
  if (safety.notes.length === 0 && safety.leases.length === 0) return null;
  return (
    <section className="card" aria-labelledby="notes-title">
      <header>
        <h2 id="notes-title">To know</h2>
      </header>
      <ul className="told">
        {safety.leases.map((lease) => (
          <li key={lease.id}>
            <span className="v wait">
              <Icon name="pause" />
            </span>
            <span>
              Scheduled backups of {lease.source ?? 'every source'} wait for {lease.holder}: {lease.reason}
              <span className="why num">
                until <Time at={lease.expiresAt} /> at the latest
              </span>
            </span>
          </li>
        ))}
        {safety.notes.map((note) => (
          <li key={note}>
            <span className="v none">
              <Icon name="note" />
            </span>
            <span>{note}</span>
          </li>
        ))}
      </ul>
    </section>
  );
}
