import type { Binary, SetOperator, VectorMatching } from '../parse/ast.ts';
import { METRIC_NAME, onlyLabels, withoutLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import { isEmpty } from './series.ts';
import type { StepSeries } from './series.ts';

/** What two series must share to match, as a text. */
export function signatureOf({ isOn, labels }: VectorMatching): (labels: Labels) => string {
  const names = new Set(isOn ? labels : [...labels, METRIC_NAME]);
  return (own) => (isOn ? onlyLabels(own, names) : withoutLabels(own, names)).key;
}

/** `and`, `or` and `unless`: at each step by whether the other side has a point with the same signature. */
export function combineSets(
  { operator, matching }: Binary & { readonly operator: SetOperator },
  left: readonly StepSeries[],
  right: readonly StepSeries[],
): StepSeries[] {
  const signature = signatureOf(matching);
  if (operator === 'or') return [...left, ...filtered(right, presenceOf(left, signature), { signature, wanted: 0 })];
  return filtered(left, presenceOf(right, signature), { signature, wanted: operator === 'and' ? 1 : 0 });
}

/** For each signature, 1 at the steps where some series has a point. */
function presenceOf(series: readonly StepSeries[], signature: (labels: Labels) => string): Map<string, Uint8Array> {
  const presence = new Map<string, Uint8Array>();
  for (const { labels, present } of series) {
    const key = signature(labels);
    const known = presence.get(key);
    if (known === undefined) presence.set(key, present.slice());
    else present.forEach((value, step) => void (value === 1 && (known[step] = 1)));
  }
  return presence;
}

interface Filter {
  readonly signature: (labels: Labels) => string;
  /** Keep points where the other side's presence is this. */
  readonly wanted: 0 | 1;
}

function filtered(
  series: readonly StepSeries[],
  presence: ReadonlyMap<string, Uint8Array>,
  { signature, wanted }: Filter,
): StepSeries[] {
  return series.flatMap((one) => {
    const other = presence.get(signature(one.labels));
    if (other === undefined) return wanted === 0 ? [one] : [];
    const kept = { ...one, present: one.present.map((value, step) => (other[step] === wanted ? value : 0)) };
    return isEmpty(kept) ? [] : [kept];
  });
}
