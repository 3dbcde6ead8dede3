import type { FlatAttributes } from '../otlp/telemetry-batch.ts';

/** What kind of points a series has, in OpenTelemetry's words; `unknown` where a sender does not tell. */
export type SeriesKind = 'gauge' | 'sum' | 'histogram' | 'exponential' | 'summary' | 'unknown';

/** What tells one series from others, and what describes it. */
export interface SeriesFacts {
  readonly source: 'otlp' | 'remote-write';
  /** As sent. */
  readonly metric: string;
  /** As Prometheus writes it. */
  readonly prom: string;
  readonly kind: SeriesKind;
  /** 0 none, 1 delta, 2 cumulative. */
  readonly temporality: number;
  /** Whether a sum only rises. */
  readonly monotonic: boolean;
  /** UCUM as OpenTelemetry sends it; empty where none is told. */
  readonly unit: string;
  readonly description: string;
  readonly service: string;
  readonly instance: string;
  /** Key, value, ... sorted by key, each key once, without `__name__`. */
  readonly labels: FlatAttributes;
}

/** A series that is known to whoever stores points; small, because there may be a million of them. */
export interface SeriesRef {
  readonly metric: string;
  /** Lower and upper 32 bits of the fingerprint, unsigned. */
  readonly fpLow: number;
  readonly fpHigh: number;
  /** Unix seconds from which on its description has to be stored again; 0 while it has not been stored. */
  dueAt: number;
  /** Unix seconds of the last request that had a point of it. */
  heardAt: number;
}

/** What Prometheus tells of a metric family. */
export interface FamilyFacts {
  readonly family: string;
  readonly kind: 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';
  readonly unit: string;
  readonly description: string;
}

/** Knows the series there are, and which new ones are refused. */
export interface SeriesRegistry {
  /** The series with these facts; undefined when it is new and one too many. */
  find(facts: SeriesFacts): SeriesRef | undefined;
  /** Notes what families are; their series that are there already become due. */
  describe(families: readonly FamilyFacts[]): void;
}

/**
 * The text that a series' fingerprint is made from. Prometheus may tell the kind of a series later or never, so the kind
 * tells series apart only where a sender always tells it.
 */
export function seriesIdentity(facts: SeriesFacts): string {
  const { source, kind, temporality, monotonic, metric, unit, service, instance, labels } = facts;
  const shape = source === 'remote-write' ? source : `${kind} ${temporality} ${monotonic} ${sized(unit)}`;
  let text = `${shape} ${sized(metric)}${sized(service)}${sized(instance)}`;
  for (const part of labels) text += sized(part);
  return text;
}

/** Puts labels in the order of their keys; of a key that stands twice the last value counts. */
export function sortedLabels(flat: readonly string[]): string[] {
  if (isSorted(flat)) return [...flat];
  const byKey = new Map<string, string>();
  for (let i = 0; i + 1 < flat.length; i += 2) byKey.set(flat[i] ?? '', flat[i + 1] ?? '');
  return [...byKey].sort(([a], [b]) => (a < b ? -1 : 1)).flat();
}

function isSorted(flat: readonly string[]): boolean {
  for (let i = 2; i < flat.length; i += 2) if ((flat[i - 2] ?? '') >= (flat[i] ?? '')) return false;
  return true;
}

/** With its length in front, no text can pass for two. */
function sized(text: string): string {
  return `${text.length}:${text}`;
}
