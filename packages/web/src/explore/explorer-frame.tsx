import type { ComponentChildren, JSX } from 'preact';
import { Link, useLocation, useSearch } from 'wouter-preact';
import { carriedParameters } from '../range/time-range.ts';
import { PageFrame } from '../shell/page-frame.tsx';
import './explore.css';

const tabs = [
  { href: '/signals', text: 'Signals' },
  { href: '/scorecards', text: 'Scorecards' },
  { href: '/explore/metrics', text: 'Metrics' },
  { href: '/explore/logs', text: 'Logs' },
  { href: '/explore/traces', text: 'Traces' },
] as const;

export interface ExplorerFrameProps {
  readonly title: string;
  /** Service filter, time picker: the same on every tab that has them. */
  readonly tools?: ComponentChildren;
  readonly trail?: readonly { readonly text: string; readonly href: string }[];
  readonly children: ComponentChildren;
}

/** One explorer: five tabs over the same telemetry that keep time and service as one goes from one to the next. */
export function ExplorerFrame({ title, tools, trail = [], children }: ExplorerFrameProps): JSX.Element {
  const [path] = useLocation();
  const carried = carriedParameters(useSearch());
  return (
    <PageFrame title={title} here={title} trail={trail}>
      <div className="explorer-head">
        <nav className="tabs" aria-label="Telemetry">
          {tabs.map((tab) => {
            const isHere = path === tab.href || path.startsWith(`${tab.href}/`);
            return (
              <Link key={tab.href} href={tab.href + carried} aria-current={isHere ? 'page' : undefined}>
                {tab.text}
              </Link>
            );
          })}
        </nav>
        {tools !== undefined && <div className="tools">{tools}</div>}
      </div>
      {children}
    </PageFrame>
  );
}
