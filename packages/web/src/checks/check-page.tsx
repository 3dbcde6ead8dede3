import type { CheckDetail } from '@belay/protocol';
import { useMutation, useQuery, useQueryClient } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { formatShare } from '../format/numbers.ts';
import { formatDuration } from '../format/times.ts';
import { formatValue } from '../format/values.ts';
import { toneIcons } from '../format/verdict-icons.ts';
import { useLive } from '../live/live-provider.tsx';
import { Icon } from '../parts/icon.tsx';
import { Failure, InlineFailure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { CheckHours } from './check-hours.tsx';
import { checkHistoryQuery, checkQuery } from './check-queries.ts';
import { CheckWord } from './check-word.tsx';
import { placeOf } from './checks-page.tsx';
import { PathSteps } from './path-steps.tsx';
import { RunTicks } from './run-ticks.tsx';
import './checks.css';

const kinds = { health: 'health', probe: 'golden path', 'dead-man': 'still heard of' } as const;

/** One check: what it saw last, what to do, and how it went over the last days. */
export function CheckPage({ id }: { readonly id: string }): JSX.Element {
  const check = useQuery(checkQuery(useApi(), id));
  const title = check.data?.title ?? 'Check';
  return (
    <PageFrame title={title} trail={[{ text: 'Checks', href: '/checks' }]} here={title}>
      {check.data === undefined && <h1 className="vh">Check</h1>}
      {check.data !== undefined && <Body check={check.data} />}
      {check.isPending && <Loading what="the check" height={520} />}
      {check.isError && check.data === undefined && (
        <Failure error={check.error} what="The check could not be read" onRetry={() => void check.refetch()} />
      )}
    </PageFrame>
  );
}

function Body({ check }: { readonly check: CheckDetail }): JSX.Element {
  const isLost = useLive().freshness.value.kind === 'lost';
  return (
    <article className={isLost ? 'stale' : ''}>
      <div className="head">
        <div>
          <h1>{check.title}</h1>
          <div className="meta">
            <CheckWord status={check.status} word={check.word} tone={check.tone} isPill />
            <span>{placeOf(check)}</span>
            <span>{kinds[check.kind]}</span>
            {check.critical && <span>critical</span>}
            <span>
              since <Time at={check.since} />
            </span>
          </div>
        </div>
        <div className="acts always">{check.kind === 'probe' && <RunButton id={check.id} />}</div>
      </div>
      <div className={`banner ${check.tone}`}>
        <span className="ic">
          <Icon name={toneIcons[check.tone]} />
        </span>
        <div>
          <h2>{check.text === '' ? check.word : check.text}</h2>
          {check.mutedBy !== null && <p>Explained by {check.mutedBy}; nobody is told of it twice.</p>}
          {check.mend !== null && check.tone !== 'ok' && <p>{check.mend}</p>}
        </div>
        {check.value !== null && (
          <div className="next num">
            now <b>{formatValue(check.value, check.unit ?? '')}</b>
          </div>
        )}
      </div>
      <div className="cols">
        <div className="stack">
          {check.run !== null && <PathSteps run={check.run} />}
          <CheckHours id={check.id} />
        </div>
        <aside className="stack" aria-label="Facts">
          <Facts check={check} />
          <Changes id={check.id} />
        </aside>
      </div>
    </article>
  );
}

function Facts({ check }: { readonly check: CheckDetail }): JSX.Element {
  return (
    <section className="card pad" aria-labelledby="facts-title">
      <h2 id="facts-title">Latest runs</h2>
      <RunTicks recent={check.recent} />
      <dl className="kv flat num">
        <dt>Passed in 24 h</dt>
        <dd>{check.passing === null ? 'no run' : formatShare(Math.floor(check.passing * 10_000) / 10_000)}</dd>
        <dt>Last run</dt>
        <dd>
          <Time at={check.lastAt} />, {formatValue(check.durationMs, 'ms')}
        </dd>
        <dt>Runs every</dt>
        <dd>{formatDuration(check.everyMs)}</dd>
        {check.dependsOn.length > 0 && <dt>Needs</dt>}
        {check.dependsOn.length > 0 && <dd>{check.dependsOn.join(', ')}</dd>}
      </dl>
      {check.signalId !== null && (
        <Link className="link" href={`/signals/${encodeURIComponent(check.signalId)}`}>
          As a signal
        </Link>
      )}
    </section>
  );
}

function Changes({ id }: { readonly id: string }): JSX.Element {
  const history = useQuery(checkHistoryQuery(useApi(), id));
  const changes = history.data?.changes ?? [];
  return (
    <section className="card" aria-labelledby="changes-title">
      <header>
        <h2 id="changes-title">What happened</h2>
      </header>
      {history.isSuccess && changes.length === 0 && <p className="card-empty">Its state never changed.</p>}
      <ul className="told">
        {changes.map((change) => (
          <li key={change.at}>
            <span className={`v ${change.tone}`}>
              <Icon name={toneIcons[change.tone]} />
            </span>
            <span>
              {change.text === '' ? change.status : change.text}
              <span className="why num">
                <Time at={change.at} />
              </span>
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}

function RunButton({ id }: { readonly id: string }): JSX.Element {
  const api = useApi();
  const queries = useQueryClient();
  const run = useMutation({
    mutationFn: () => api.call('checkRun', { params: { id } }),
    onSuccess: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ['check', id] }),
        queries.invalidateQueries({ queryKey: ['checks'] }),
      ]),
  });
  return (
    <>
      {run.isError && <InlineFailure error={run.error} />}
      <span role="status" className="vh">
        {run.isSuccess && run.data.sentence}
      </span>
      <button className="btn primary" type="button" disabled={run.isPending} onClick={() => run.mutate()}>
        {run.isPending ? 'Running…' : 'Run now'}
      </button>
    </>
  );
}
