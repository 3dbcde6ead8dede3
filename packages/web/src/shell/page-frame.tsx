import type { ComponentChildren, JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { LiveChip } from '../live/live-chip.tsx';
import { ThemeButton } from './theme-button.tsx';

export interface PageFrameProps {
  /** Title of the browser tab. */
  readonly title: string;
  readonly trail?: readonly { readonly text: string; readonly href: string }[];
  readonly here: string;
  readonly children: ComponentChildren;
}

/** Top bar and main part of every page behind the sign-in. */
export function PageFrame({ title, trail = [], here, children }: PageFrameProps): JSX.Element {
  useEffect(() => {
    document.title = `${title} · Belay`;
  }, [title]);
  return (
    <div className="page">
      <header className="top">
        <nav className="crumb" aria-label="Breadcrumb">
          {trail.map((step) => (
            <>
              <Link href={step.href}>{step.text}</Link>
              <span aria-hidden="true">/</span>
            </>
          ))}
          <b aria-current="page">{here}</b>
        </nav>
        <span className="sp" />
        <LiveChip />
        <ThemeButton />
      </header>
      <main className="wrap" id="main" tabIndex={-1}>
        {children}
      </main>
    </div>
  );
}
