import type { JSX, TargetedEvent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from '../parts/icon.tsx';

/** The query box of logs. Enter searches; the question mark explains the language. */
export function LogSearch(props: {
  readonly q: string;
  readonly onSearch: (q: string) => void;
  readonly onHelp: () => void;
  readonly field: { current: HTMLInputElement | null };
}): JSX.Element {
  const [typed, setTyped] = useState(props.q);
  useEffect(() => setTyped(props.q), [props.q]);
  const submit = (event: TargetedEvent<HTMLFormElement>): void => {
    event.preventDefault();
    props.onSearch(typed.trim());
  };
  return (
    <form className="card log-search" role="search" onSubmit={submit}>
      <Icon name="search" />
      <input
        ref={props.field}
        type="search"
        className="mono"
        aria-label="Find log lines"
        placeholder="timeout -retry level:>=warn http.route:/cart"
        autoComplete="off"
        spellcheck={false}
        value={typed}
        onInput={(event) => {
          setTyped(event.currentTarget.value);
          if (event.currentTarget.value === '') props.onSearch('');
        }}
      />
      <button className="btn small" type="button" onClick={props.onHelp}>
        How to search
      </button>
      <button className="btn small primary" type="submit">
        Search
      </button>
    </form>
  );
}
