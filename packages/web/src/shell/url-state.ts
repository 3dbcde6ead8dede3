import { useLocation, useSearch } from 'wouter-preact';

/** One parameter of the address, so that a link shows what its sender saw. The default is not written. */
export function useUrlState(name: string, fallback: string): readonly [string, (value: string) => void] {
  const search = useSearch();
  const [path, navigate] = useLocation();
  const value = new URLSearchParams(search).get(name) ?? fallback;
  const set = (next: string): void => {
    const parameters = new URLSearchParams(search);
    if (next === fallback) parameters.delete(name);
    else parameters.set(name, next);
    const text = parameters.toString();
    navigate(text === '' ? path : `${path}?${text}`, { replace: true });
  };
  return [value, set];
}
