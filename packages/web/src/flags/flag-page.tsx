import type { FlagView } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { flagQuery } from '../api/queries.ts';
import { Icon } from '../parts/icon.tsx';
import { Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { PageFrame } from '../shell/page-frame.tsx';
import { FlagEditor } from './flag-editor.tsx';
import { FlagTester } from './flag-tester.tsx';
import { rulesInWords } from './rules-in-words.ts';

/** One flag: who gets what, the rules in words and as JSON, and who would get it. */
export function FlagPage({
  flagKey,
  onShip,
}: {
  readonly flagKey: string;
  readonly onShip: (flag: string) => void;
}): JSX.Element {
  const flag = useQuery(flagQuery(useApi(), flagKey));
  return (
    <PageFrame title={flagKey} trail={[{ text: 'Flags', href: '/flags' }]} here={flagKey}>
      {flag.data !== undefined && <Flag flag={flag.data} onShip={onShip} />}
      {flag.isPending && <Loading what="the flag" height={480} />}
      {flag.isError && flag.data === undefined && (
        <Failure error={flag.error} what="This flag could not be read" onRetry={() => void flag.refetch()} />
      )}
    </PageFrame>
  );
}

function Flag({ flag, onShip }: { readonly flag: FlagView; readonly onShip: (flag: string) => void }): JSX.Element {
  const [isEditing, setEditing] = useState(false);
  return (
    <>
      <div className="head">
        <div>
          <h1 className="flag-key">{flag.key}</h1>
          <div className="meta">
            {flag.description !== null && <span>{flag.description}</span>}
            <span>
              {flag.lastChange.what}, <Time at={flag.lastChange.at} />, {flag.lastChange.by.name}
            </span>
          </div>
        </div>
        <div className="acts always">
          {flag.rolloutId === null ? (
            <button className="btn primary" type="button" onClick={() => onShip(flag.key)}>
              Ship a change
            </button>
          ) : (
            <Link className="btn" href={`/changes/${flag.rolloutId}`}>
              <Icon name="play" />A change is going out
            </Link>
          )}
        </div>
      </div>
      <div className="cols">
        <div className="stack">
          <section className="card pad" aria-labelledby="who-title">
            <h2 id="who-title">Who gets what now</h2>
            <p className="lead">{flag.whoGetsWhat}</p>
            {flag.staleSince !== null && (
              <p className="v wait">
                <Icon name="clock" />
                Everybody has had the same since <Time at={flag.staleSince} />. The flag can leave the code.
              </p>
            )}
          </section>
          <section className="card pad" aria-labelledby="rules-title">
            <header className="row">
              <h2 id="rules-title">Rules</h2>
              {!isEditing && (
                <button className="btn small" type="button" onClick={() => setEditing(true)}>
                  Edit
                </button>
              )}
            </header>
            {isEditing ? (
              <FlagEditor flag={flag} onDone={() => setEditing(false)} />
            ) : (
              <>
                <ol className="rules">
                  {rulesInWords(flag.definition).map((sentence) => (
                    <li key={sentence}>{sentence}</li>
                  ))}
                </ol>
                <details>
                  <summary>JSON</summary>
                  <pre className="mono query" tabIndex={0}>
                    {JSON.stringify(flag.definition, null, 2)}
                  </pre>
                </details>
              </>
            )}
          </section>
        </div>
        <aside className="stack" aria-label="Try it">
          <FlagTester flagKey={flag.key} />
          <Variants flag={flag} />
        </aside>
      </div>
    </>
  );
}

function Variants({ flag }: { readonly flag: FlagView }): JSX.Element {
  return (
    <section className="card pad" aria-labelledby="variants-title">
      <h2 id="variants-title">Variants</h2>
      <dl className="kv flat">
        {Object.entries(flag.definition.variants).map(([name, value]) => (
          <>
            <dt className="mono">{name}</dt>
            <dd className="mono">{JSON.stringify(value)}</dd>
          </>
        ))}
      </dl>
      <p className="sub">
        Last evaluated: {flag.evaluatedAt === null ? 'no sign of it in the last hour' : <Time at={flag.evaluatedAt} />}
      </p>
    </section>
  );
}
