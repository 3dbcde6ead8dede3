import type { ExplodingMetric } from '@belay/protocol';
import type { SeriesFacts } from '@belay/wire';
import { createValueSketch, type ValueSketch } from './value-sketch.ts';

/** Remembers, within bounds, which metrics of a service were refused and which of their labels has the most values. */
export interface ExplodingMetrics {
  /** Notes a series that was refused. */
  add(facts: SeriesFacts, now: number): void;
  /** Metrics with most refusals first, at most ten. */
  report(): readonly ExplodingMetric[];
}

interface Refused {
  readonly firstAt: number;
  lastAt: number;
  refused: number;
  readonly labels: Map<string, { readonly sketch: ValueSketch; readonly examples: string[] }>;
}

const METRICS = 20;
const LABELS = 40;
const EXAMPLES = 3;
const SHOWN = 10;
const LONGEST_EXAMPLE = 64;

/** Starts empty. Twenty metrics with forty labels each are kept; a metric more takes the place of the rarest one. */
export function createExplodingMetrics(): ExplodingMetrics {
  const metrics = new Map<string, Refused>();
  return {
    add(facts, now) {
      const entry = metrics.get(facts.metric) ?? start(metrics, facts.metric, now);
      entry.refused += 1;
      entry.lastAt = now;
      const { labels } = facts;
      for (let i = 0; i + 1 < labels.length; i += 2) addValue(entry, labels[i] ?? '', labels[i + 1] ?? '');
    },
    report: () =>
      [...metrics]
        .map(([metric, entry]) => reportOf(metric, entry))
        .sort((a, b) => b.refused - a.refused)
        .slice(0, SHOWN),
  };
}

function start(metrics: Map<string, Refused>, metric: string, now: number): Refused {
  if (metrics.size >= METRICS) {
    let rarest: string | undefined;
    let fewest = Number.POSITIVE_INFINITY;
    for (const [name, { refused }] of metrics) {
      if (refused >= fewest) continue;
      fewest = refused;
      rarest = name;
    }
    if (rarest !== undefined) metrics.delete(rarest);
  }
  const entry: Refused = { firstAt: now, lastAt: now, refused: 0, labels: new Map() };
  metrics.set(metric, entry);
  return entry;
}

function addValue({ labels }: Refused, key: string, value: string): void {
  let label = labels.get(key);
  if (label === undefined) {
    if (labels.size >= LABELS) return;
    labels.set(key, (label = { sketch: createValueSketch(), examples: [] }));
  }
  label.sketch.add(value);
  const shown = value.slice(0, LONGEST_EXAMPLE);
  if (label.examples.length < EXAMPLES && !label.examples.includes(shown)) label.examples.push(shown);
}

function reportOf(metric: string, { firstAt, lastAt, refused, labels }: Refused): ExplodingMetric {
  let most = { label: '', values: 0, examples: [] as readonly string[] };
  for (const [label, { sketch, examples }] of labels) {
    const values = sketch.estimate();
    if (values > most.values) most = { label, values, examples };
  }
  // A label with one value makes no series.
  if (most.values <= 1) most = { label: '', values: most.values, examples: [] };
  return { metric, ...most, examples: [...most.examples], refused, firstAt, lastAt };
}
