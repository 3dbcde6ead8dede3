import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { explainError } from '../api/explain-error.ts';
import { Icon } from './icon.tsx';

const QUIET_MS = 150;
const SLOW_MS = 3000;

/** Nothing under 150 ms, then boxes of about the true height, then how long it has taken. */
export function Loading({ what, height }: { readonly what: string; readonly height: number }): JSX.Element {
  const elapsed = useElapsed();
  return (
    <div className="loading" style={{ minHeight: `${height}px` }} aria-busy="true">
      {elapsed >= QUIET_MS && <div className="skeleton" style={{ height: `${height}px` }} />}
      <p role="status">{elapsed >= SLOW_MS && `Loading ${what}, ${Math.floor(elapsed / 1000)} s so far`}</p>
    </div>
  );
}

export interface FailureProps {
  readonly error: unknown;
  /** What the page was doing: `The flags could not be read`. */
  readonly what: string;
  /** What still works meanwhile. */
  readonly stillWorks?: string;
  readonly onRetry?: () => void;
}

/** What failed, why, what still works, and what to quote when asking for help. */
export function Failure({ error, what, stillWorks, onRetry }: FailureProps): JSX.Element {
  const explained = explainError(error);
  return (
    <section className="card state" role="alert">
      <span className="v bad">
        <Icon name="octagon" />
        {what}
      </span>
      <p>{explained.what}</p>
      {explained.hint !== null && <p>{explained.hint}</p>}
      {stillWorks !== undefined && <p>{stillWorks}</p>}
      <IssueList issues={explained.issues} />
      {onRetry !== undefined && (
        <button className="btn" type="button" onClick={onRetry}>
          Try again
        </button>
      )}
      {explained.requestId !== null && (
        <p className="sub">
          {explained.code} · request <span className="mono">{explained.requestId}</span>
        </p>
      )}
    </section>
  );
}

/** An error inside a form or dialog, in the place where the press happened. */
export function InlineFailure({ error }: { readonly error: unknown }): JSX.Element {
  const explained = explainError(error);
  return (
    <div className="inline-failure" role="alert">
      <span className="v bad">
        <Icon name="octagon" />
        {explained.what}
      </span>
      {explained.hint !== null && <p>{explained.hint}</p>}
      <IssueList issues={explained.issues} />
    </div>
  );
}

/** An empty place says the next step and gives the command for it. */
export function Empty(props: {
  readonly title: string;
  readonly children: ComponentChildren;
  readonly commands?: readonly string[];
}): JSX.Element {
  return (
    <div className="empty">
      <p className="title">{props.title}</p>
      <div>{props.children}</div>
      {props.commands?.map((command) => (
        <Command key={command} text={command} />
      ))}
    </div>
  );
}

/** A command to paste, with a button that copies it. */
export function Command({ text }: { readonly text: string }): JSX.Element {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
  };
  return (
    <span className="command">
      <code className="mono">{text}</code>
      <button className="icon-btn" type="button" aria-label={`Copy ${text}`} onClick={() => void copy()}>
        <Icon name={isCopied ? 'check' : 'copy'} />
      </button>
    </span>
  );
}

function IssueList({
  issues,
}: {
  readonly issues: readonly { readonly path: string; readonly text: string }[];
}): JSX.Element | null {
  if (issues.length === 0) return null;
  return (
    <ul className="issues">
      {issues.map((issue) => (
        <li key={issue.path + issue.text}>
          <span className="mono">{issue.path}</span> {issue.text}
        </li>
      ))}
    </ul>
  );
}

function useElapsed(): number {
  const [elapsed, setElapsed] = useState(0);
  useEffect(() => {
    const startedAt = performance.now();
    const update = (): void => setElapsed(performance.now() - startedAt);
    const first = window.setTimeout(update, QUIET_MS);
    const every = window.setInterval(update, 1000);
    return () => {
      window.clearTimeout(first);
      window.clearInterval(every);
    };
  }, []);
  return elapsed;
}
