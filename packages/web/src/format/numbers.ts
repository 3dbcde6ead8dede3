const MINUS = '\u2212';

/** `0.1` as `10%`; shares below one percent keep what is needed: `0.5%`, `0.01%`. */
export function formatShare(share: number): string {
  const percent = share * 100;
  return `${Number(percent.toFixed(percent < 1 ? 4 : 2))}%`;
}

/** `5043` as `5,043`. */
export function formatCount(count: number): string {
  return Math.round(count).toLocaleString('en-GB');
}

/** A difference with its sign, as in `+0.74` or `−0.34`; zero has none. */
export function formatSigned(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  if (Number(text) === 0) return text;
  return `${value < 0 ? MINUS : '+'}${text}`;
}

/** `one change`, `3 changes`: small numbers stay digits except one, which reads as a word at the start of a sentence. */
export function plural(count: number, singular: string, many = `${singular}s`): string {
  return `${formatCount(count)} ${count === 1 ? singular : many}`;
}
