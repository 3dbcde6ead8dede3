/** Unit in which a guard's difference is told. */
export type WordUnit = 'points' | 'ms' | 'percent';

/** A whole number with thousands separated: `5,043`. */
export function units(value: number): string {
  return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A share of all units: `1%`, `0.5%`, `100%`. */
export function nameOfShare(share: number): string {
  return `${Number((share * 100).toPrecision(6))}%`;
}

/** A number of `unit`, without its sign and unit: two decimals below one point, as many as can be told apart. */
export function magnitude(value: number, unit: WordUnit): string {
  const size = Math.abs(value);
  if (unit === 'ms') return size < 10 ? size.toFixed(1) : units(size);
  if (unit === 'points') return size.toFixed(size < 0.95 ? 2 : 1);
  return size.toFixed(size < 9.95 ? 1 : 0);
}

/** A limit: `1.0`, `0.13`, `5%`, `40 ms`. */
export function limitText(limit: number, unit: WordUnit): string {
  if (unit === 'ms') return `${magnitude(limit, unit)} ms`;
  if (unit === 'points') return limit.toFixed(Number.isInteger(Math.round(limit * 1000) / 100) ? 1 : 2);
  return `${Number(limit.toFixed(1))}%`;
}

/** A size with its unit: `0.74 points`, `44 ms`, `2.9%`. */
export function quantity(value: number, unit: WordUnit): string {
  const text = magnitude(value, unit);
  if (unit === 'percent') return `${text}%`;
  return unit === 'ms' ? `${text} ms` : `${text} points`;
}

/** A length of time as people say it: `40 s`, `12 min`, `1 h 10`, `3 days`. */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${String(minutes % 60).padStart(2, '0')}`;
  return `${Math.round(hours / 24)} days`;
}

/** How long an undo took: `23 ms`, `1.8 s`. */
export function undoTime(ms: number): string {
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** `3 guards`, `1 guard`. */
export function counted(count: number, noun: string, plural: string = `${noun}s`): string {
  return `${units(count)} ${count === 1 ? noun : plural}`;
}
