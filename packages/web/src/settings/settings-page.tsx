import type { StatusView } from '@belay/protocol';
import { useMutation, useQuery, useQueryClient } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { sessionQuery, statusQuery } from '../api/queries.ts';
import { formatCount } from '../format/numbers.ts';
import { Icon } from '../parts/icon.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { SentryCard } from './sentry-card.tsx';
import { StorageCard } from './storage-card.tsx';
import { TokensCard } from './tokens-card.tsx';
import './settings.css';

/** What the policy means in words, who may do what, and what Belay says about itself. */
export function SettingsPage(): JSX.Element {
  const api = useApi();
  const status = useQuery({ ...statusQuery(api), refetchInterval: 5000 });
  const session = useQuery(sessionQuery(api));
  const isAdmin = session.data?.scopes.includes('admin') === true;
  return (
    <PageFrame title="Settings" here="Settings">
      <div className="hero">
        <div>
          <h1>Settings</h1>
          <p>Policy stands in belay.yaml, so that it is reviewed like code.</p>
        </div>
      </div>
      <div className="cols">
        <div className="stack">
          {status.data !== undefined && <Policy policy={status.data.policy} />}
          {status.isPending && <Loading what="the policy" height={180} />}
          {status.isError && status.data === undefined && (
            <Failure
              error={status.error}
              what="Belay’s own state could not be read"
              onRetry={() => void status.refetch()}
            />
          )}
          <StorageCard />
          {isAdmin && <TokensCard />}
          {isAdmin && <SentryCard />}
        </div>
        <aside className="stack" aria-label="About">
          {status.data !== undefined && <SelfCheck status={status.data} />}
          {session.data !== undefined && <Session name={session.data.name} scopes={session.data.scopes} />}
        </aside>
      </div>
    </PageFrame>
  );
}

function Policy({ policy }: { readonly policy: StatusView['policy'] }): JSX.Element {
  return (
    <section className="card pad" aria-labelledby="policy-title">
      <h2 id="policy-title">Policy: {policy.profile}</h2>
      <ul className="bullets">
        {policy.sentences.map((sentence) => (
          <li key={sentence}>{sentence}</li>
        ))}
      </ul>
    </section>
  );
}

function SelfCheck({ status }: { readonly status: StatusView }): JSX.Element {
  return (
    <section className="card" aria-labelledby="check-title">
      <header>
        <h2 id="check-title">Belay itself</h2>
        <span className="sub num">{status.version}</span>
      </header>
      <ul className="net">
        {status.checks.map((check) => (
          <li key={check.name}>
            <span className={`v ${check.ok ? 'ok' : 'bad'}`}>
              <Icon name={check.ok ? 'check' : 'octagon'} />
            </span>
            <span className="k">
              {check.name}
              <small>{check.detail}</small>
              {check.mend !== null && <small>{check.mend}</small>}
            </span>
            <span className="r">{check.ok ? 'well' : 'needs you'}</span>
          </li>
        ))}
      </ul>
      <dl className="kv">
        <dt>Up since</dt>
        <dd>
          <Time at={status.startedAt} />
        </dd>
        <dt>Guard loop</dt>
        <dd className="num">
          {status.loop.lastTickAt === null ? 'not yet run' : <Time at={status.loop.lastTickAt} as="second" />},{' '}
          {formatCount(status.loop.lastTickMs)} ms, {formatCount(status.loop.lagBlocks)} s behind
        </dd>
        <dt>Taken in</dt>
        <dd className="num">
          {formatCount(status.ingest.accepted)} accepted, {formatCount(status.ingest.refused)} refused,{' '}
          {formatCount(status.ingest.shed)} shed, {formatCount(status.ingest.duplicates)} twice,{' '}
          {formatCount(status.ingest.late)} late
        </dd>
      </dl>
    </section>
  );
}

function Session({ name, scopes }: { readonly name: string; readonly scopes: readonly string[] }): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const end = useMutation({
    mutationFn: () => api.call('sessionEnd'),
    onSuccess: () => queries.resetQueries(),
  });
  return (
    <section className="card pad" aria-labelledby="session-title">
      <h2 id="session-title">You</h2>
      <p>
        Signed in as <b>{name}</b>, who may: {scopes.join(', ')}.
      </p>
      <button className="btn small below" type="button" disabled={end.isPending} onClick={() => end.mutate()}>
        Sign out
      </button>
    </section>
  );
}
