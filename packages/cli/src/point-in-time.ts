const MILLISECONDS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
/** Unix seconds of the year 2286; larger numbers are milliseconds. */
const SECONDS_END = 10_000_000_000;

/**
 * Parses a time: `now`, `90m` (so long ago), ISO 8601 with a zone, or Unix time in seconds or milliseconds. Returns what
 * gives Unix milliseconds once it is known what time it is.
 */
export function pointInTime(text: string): (now: number) => number {
  if (text === 'now') return (now) => now;
  const ago = /^-?(\d+(?:\.\d+)?)([smhdw])(?: ago)?$/.exec(text);
  if (ago !== null) {
    const ms = Number(ago[1]) * (MILLISECONDS[ago[2] ?? ''] ?? 0);
    return (now) => Math.max(0, Math.round(now - ms));
  }
  if (/^\d{1,13}(?:\.\d+)?$/.test(text)) {
    const value = Number(text);
    return () => Math.round(value < SECONDS_END ? value * 1000 : value);
  }
  const isDated = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(text);
  const parsed = isDated ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(parsed)) {
    throw new RangeError(`"${text}" is not a time such as now, 90m, 2026-11-24T15:00:00Z or 1795532400`);
  }
  return () => parsed;
}
