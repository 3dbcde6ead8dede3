import type { JSX } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Icon } from './icon.tsx';

const SETTLED_MS = 250;

/** A search box that asks once the typing has settled. */
export function SearchField(props: {
  readonly label: string;
  readonly placeholder: string;
  readonly value: string;
  readonly onSearch: (text: string) => void;
  readonly field?: { current: HTMLInputElement | null };
}): JSX.Element {
  const { value, onSearch } = props;
  const [typed, setTyped] = useState(value);
  useEffect(() => {
    if (typed === value) return undefined;
    const timer = window.setTimeout(() => onSearch(typed), SETTLED_MS);
    return () => window.clearTimeout(timer);
    // `onSearch` is new at every render; only typing starts the wait.
  }, [typed]);
  return (
    <>
      <Icon name="search" />
      <input
        ref={props.field ?? null}
        type="search"
        aria-label={props.label}
        placeholder={props.placeholder}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
    </>
  );
}
