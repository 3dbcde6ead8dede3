import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Mark } from '../parts/icon.tsx';

/** The page around set-up and sign-in. */
export function EntryFrame({
  title,
  children,
}: {
  readonly title: string;
  readonly children: ComponentChildren;
}): JSX.Element {
  useEffect(() => {
    document.title = `${title} · Belay`;
  }, [title]);
  return (
    <main className="entry" id="main">
      <div className="brand">
        <Mark />
        Belay
      </div>
      <section className="card pad">
        <h1>{title}</h1>
        {children}
      </section>
    </main>
  );
}
