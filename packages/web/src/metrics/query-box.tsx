import type { JSX, TargetedEvent } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { InlineFailure } from '../parts/states.tsx';
import { pointAt, positionOf } from './query-position.ts';

export interface QueryBoxProps {
  readonly query: string;
  readonly error: unknown;
  readonly isBusy: boolean;
  readonly onRun: (query: string) => void;
}

/** PromQL to type; a refusal stands below with a mark under the column that is wrong. */
export function QueryBox({ query, error, isBusy, onRun }: QueryBoxProps): JSX.Element {
  const [typed, setTyped] = useState(query);
  const field = useRef<HTMLTextAreaElement>(null);
  const position = error === null ? null : positionOf(error);
  useEffect(() => setTyped(query), [query]);
  useEffect(() => {
    if (position === null || document.activeElement !== field.current) return;
    const before = query
      .split('\n')
      .slice(0, position.line - 1)
      .join('\n').length;
    const at = before + (position.line > 1 ? 1 : 0) + position.column - 1;
    field.current?.setSelectionRange(at, at);
    // Only a new refusal moves the cursor.
  }, [error]);
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    if (typed.trim() !== '') onRun(typed.trim());
  };
  return (
    <form className="card query-box" onSubmit={submit} aria-label="Query">
      <label>
        <span className="query-label">
          PromQL <span className="sub">Enter runs it, Shift Enter starts a line</span>
        </span>
        <textarea
          ref={field}
          className="mono"
          rows={Math.min(8, Math.max(2, typed.split('\n').length))}
          spellcheck={false}
          autocomplete="off"
          placeholder="sum by (http_route) (rate(http_server_request_duration_seconds_count[5m]))"
          aria-invalid={error !== null && query !== ''}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
            event.preventDefault();
            event.currentTarget.form?.requestSubmit();
          }}
        />
      </label>
      <button className="btn primary" type="submit" disabled={isBusy && typed.trim() === query}>
        Run
      </button>
      {error !== null && query !== '' && (
        <div className="query-error">
          {position !== null && <pre className="mono">{pointAt(query, position)}</pre>}
          <InlineFailure error={error} />
        </div>
      )}
    </form>
  );
}
