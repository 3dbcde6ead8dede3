/** A tolerance as written: `0.5pp` (points), `3%` (relative) or `20ms`. */
export interface Amount {
  readonly value: number;
  readonly unit: 'pp' | '%' | 'ms';
}

/** Ratio 0..1 of a text such as `0.5%`; null where it is not a percentage up to 100. */
export function parsePercent(text: string): number | null {
  const match = /^(\d{1,3}(?:\.\d+)?)%$/.exec(text.trim());
  const value = match === null ? Number.NaN : Number(match[1]) / 100;
  return value <= 1 ? value : null;
}

/** Milliseconds of a text such as `30s`, `10m`, `2h`; null where it is not a duration. */
export function parseDuration(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text.trim());
  if (match === null) return null;
  const factor = DURATIONS[match[2] ?? ''];
  return factor === undefined ? null : Math.round(Number(match[1]) * factor);
}

/** A tolerance such as `0.5pp`; null where it is none. */
export function parseAmount(text: string): Amount | null {
  const match = /^(\d+(?:\.\d+)?)(pp|%|ms)$/.exec(text.trim());
  const unit = match?.[2];
  if (match === null || (unit !== 'pp' && unit !== '%' && unit !== 'ms')) return null;
  return { value: Number(match[1]), unit };
}

const DURATIONS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
