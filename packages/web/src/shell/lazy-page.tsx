import type { ComponentType, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Loading } from '../parts/states.tsx';
import { PageFrame } from './page-frame.tsx';

type Loaded<P> = { readonly page: ComponentType<P> } | 'lost' | null;

/** A page whose code comes when it is first opened, so that the first screen stays small. */
export function lazyPage<P extends object>(name: string, load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let known: Loaded<P> = null;
  return function LazyPage(props: P): JSX.Element {
    const [loaded, setLoaded] = useState<Loaded<P>>(known);
    const isWaiting = loaded === null;
    useEffect(() => {
      if (!isWaiting) return undefined;
      let isGone = false;
      load().then(
        (page) => {
          known = { page };
          if (!isGone) setLoaded(known);
        },
        () => {
          if (!isGone) setLoaded('lost');
        },
      );
      return () => {
        isGone = true;
      };
    }, [isWaiting]);
    if (loaded !== null && loaded !== 'lost') return <loaded.page {...props} />;
    return (
      <PageFrame title={name} here={name}>
        {loaded === 'lost' ? (
          <Lost name={name} onRetry={() => setLoaded(null)} />
        ) : (
          <Loading what={name} height={520} />
        )}
      </PageFrame>
    );
  };
}

function Lost({ name, onRetry }: { readonly name: string; readonly onRetry: () => void }): JSX.Element {
  return (
    <section className="card state" role="alert">
      <h1>{name} could not be loaded</h1>
      <p>
        The rest of the dashboard still works. Belay may have been upgraded meanwhile; loading the page anew helps then.
      </p>
      <span className="row">
        <button className="btn primary" type="button" onClick={onRetry}>
          Try again
        </button>
        <button className="btn" type="button" onClick={() => window.location.reload()}>
          Load the page anew
        </button>
      </span>
    </section>
  );
}
