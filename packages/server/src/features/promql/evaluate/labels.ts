import { printLabelName } from '../parse/label-matcher.ts';

/** The labels of a series, sorted by name, none of them empty. The metric's name is the label `__name__`. */
export interface Labels {
  readonly names: readonly string[];
  readonly values: readonly string[];
  /** Equal for equal labels only. */
  readonly key: string;
}

export const METRIC_NAME = '__name__';
/** A lone surrogate cannot come out of UTF-8, so no name or value holds it. */
const SEPARATOR = '\ud800';

export function labelsOf(entries: Iterable<readonly [string, string]>): Labels {
  const sorted = [...entries].filter(([, value]) => value !== '').sort(([a], [b]) => compareText(a, b));
  return fromSorted(
    sorted.map(([name]) => name),
    sorted.map(([, value]) => value),
  );
}

function fromSorted(names: readonly string[], values: readonly string[]): Labels {
  let key = '';
  for (let index = 0; index < names.length; index += 1)
    key += `${names[index]}${SEPARATOR}${values[index]}${SEPARATOR}`;
  return { names, values, key };
}

export const NO_LABELS: Labels = fromSorted([], []);

/** The value of a label; empty when the series does not have it. */
export function labelValue(labels: Labels, name: string): string {
  const index = labels.names.indexOf(name);
  return index < 0 ? '' : (labels.values[index] ?? '');
}

export function onlyLabels(labels: Labels, keep: ReadonlySet<string>): Labels {
  return filtered(labels, (name) => keep.has(name));
}

export function withoutLabels(labels: Labels, drop: ReadonlySet<string>): Labels {
  return filtered(labels, (name) => !drop.has(name));
}

export function withoutMetricName(labels: Labels): Labels {
  return labels.names.includes(METRIC_NAME) ? filtered(labels, (name) => name !== METRIC_NAME) : labels;
}

function filtered(labels: Labels, keep: (name: string) => boolean): Labels {
  const names: string[] = [];
  const values: string[] = [];
  labels.names.forEach((name, index) => {
    if (!keep(name)) return;
    names.push(name);
    values.push(labels.values[index] ?? '');
  });
  return names.length === labels.names.length ? labels : fromSorted(names, values);
}

/** With one label set, or taken away when the value is empty. */
export function withLabel(labels: Labels, name: string, value: string): Labels {
  const entries = labelEntries(labels).filter(([other]) => other !== name);
  entries.push([name, value]);
  return labelsOf(entries);
}

export function labelEntries(labels: Labels): [string, string][] {
  return labels.names.map((name, index) => [name, labels.values[index] ?? '']);
}

/** Order of series in a result: name by name, value by value. */
export function compareLabels(a: Labels, b: Labels): number {
  const length = Math.min(a.names.length, b.names.length);
  for (let index = 0; index < length; index += 1) {
    const order =
      compareText(a.names[index] ?? '', b.names[index] ?? '') ||
      compareText(a.values[index] ?? '', b.values[index] ?? '');
    if (order !== 0) return order;
  }
  return a.names.length - b.names.length;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** `up{job="shop"}`, as PromQL writes it. */
export function printLabels(labels: Labels): string {
  const name = labelValue(labels, METRIC_NAME);
  const isClassic = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
  const parts = labelEntries(labels)
    .filter(([label]) => label !== METRIC_NAME)
    .map(([label, value]) => `${printLabelName(label)}=${JSON.stringify(value)}`);
  if (name !== '' && !isClassic) parts.unshift(JSON.stringify(name));
  if (isClassic && parts.length === 0) return name;
  return `${isClassic ? name : ''}{${parts.join(', ')}}`;
}
