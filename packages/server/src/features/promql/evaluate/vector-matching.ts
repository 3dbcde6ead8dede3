import { isComparison } from '../parse/ast.ts';
import type { Binary } from '../parse/ast.ts';
import { executionError } from '../parse/promql-error.ts';
import type { Evaluation } from './evaluation.ts';
import { labelEntries, labelsOf, labelValue, METRIC_NAME, onlyLabels, printLabels, withoutLabels } from './labels.ts';
import type { Labels } from './labels.ts';
import { addHistograms } from './native-histogram.ts';
import { compare, operate } from './operators.ts';
import { emptySeries, isEmpty } from './series.ts';
import type { StepSeries } from './series.ts';
import { signatureOf } from './set-operators.ts';

interface Sides {
  readonly left: readonly StepSeries[];
  readonly right: readonly StepSeries[];
}

/** Arithmetic and comparison between two vectors: each series of the "many" side meets its one match. */
export async function matchVectors(
  evaluation: Evaluation,
  binary: Binary,
  { left, right }: Sides,
): Promise<StepSeries[]> {
  const { matching } = binary;
  const isSwapped = matching.many === 'right';
  const [many, one] = isSwapped ? [right, left] : [left, right];
  const signature = signatureOf(matching);
  const byOne = groupBySignature(one, signature);
  for (const group of byOne.values()) requireUnique(group, { binary, isSwapped });
  const byMany = groupBySignature(many, signature);
  const result: StepSeries[] = [];
  for (const [key, members] of byMany) {
    const partners = byOne.get(key) ?? [];
    const joined: StepSeries[] = [];
    for (const member of members) {
      for (const partner of partners) {
        evaluation.budget.take(evaluation.grid.count);
        const output = combine(binary, { member, partner, isSwapped });
        if (!isEmpty(output)) joined.push(output);
      }
    }
    if (matching.many === 'none') requireOneToOne(joined);
    result.push(...joined);
    await evaluation.budget.breathe();
  }
  if (matching.many !== 'none') requireDistinct(result);
  return result;
}

function groupBySignature(
  series: readonly StepSeries[],
  signature: (labels: Labels) => string,
): Map<string, StepSeries[]> {
  const groups = new Map<string, StepSeries[]>();
  for (const one of series) {
    const key = signature(one.labels);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return groups;
}

interface Uniqueness {
  readonly binary: Binary;
  readonly isSwapped: boolean;
}

/** On the "one" side, two series with the same signature must not have a point at the same step. */
function requireUnique(group: readonly StepSeries[], { binary, isSwapped }: Uniqueness): void {
  const clash = firstClash(group);
  if (clash === undefined) return;
  const [first, second] = clash;
  const names = new Set(binary.matching.labels);
  const shared = binary.matching.isOn
    ? onlyLabels(first.labels, names)
    : withoutLabels(first.labels, new Set([...names, METRIC_NAME]));
  const side = isSwapped ? 'left' : 'right';
  throw executionError(
    `found duplicate series for the match group ${printLabels(shared)} on the ${side} hand-side of the operation: ` +
      `[${printLabels(second.labels)}, ${printLabels(first.labels)}];` +
      'many-to-many matching not allowed: matching labels must be unique on one side',
    'Aggregate that side by the matching labels, or match on more labels.',
  );
}

function firstClash(group: readonly StepSeries[]): readonly [StepSeries, StepSeries] | undefined {
  if (group.length < 2) return undefined;
  const owners: (StepSeries | undefined)[] = [];
  for (const one of group) {
    for (let step = 0; step < one.present.length; step += 1) {
      if (one.present[step] !== 1) continue;
      const owner = owners[step];
      if (owner !== undefined) return [owner, one];
      owners[step] = one;
    }
  }
  return undefined;
}

function requireOneToOne(joined: readonly StepSeries[]): void {
  if (firstClash(joined) === undefined) return;
  const message = 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)';
  throw executionError(message, 'Write group_left or group_right behind on(...) or ignoring(...).');
}

function requireDistinct(result: readonly StepSeries[]): void {
  for (const same of groupBySignature(result, ({ key }) => key).values()) {
    if (firstClash(same) === undefined) continue;
    throw executionError('multiple matches for labels: grouping labels must ensure unique matches');
  }
}

interface Pair {
  readonly member: StepSeries;
  readonly partner: StepSeries;
  readonly isSwapped: boolean;
}

function combine(binary: Binary, { member, partner, isSwapped }: Pair): StepSeries {
  const { operator, returnsBool } = binary;
  const count = member.present.length;
  const output = emptySeries(resultLabels(binary, member.labels, partner.labels), count);
  const [left, right] = isSwapped ? [partner, member] : [member, partner];
  if (left.histograms !== undefined || right.histograms !== undefined)
    return combineHistograms(binary, left, right, output);
  const filters = isComparison(operator) && !returnsBool;
  for (let step = 0; step < count; step += 1) {
    if (member.present[step] !== 1 || partner.present[step] !== 1) continue;
    const [a, b] = [left.values[step] ?? NaN, right.values[step] ?? NaN];
    if (filters && !compare(operator, a, b)) continue;
    output.values[step] = filters ? a : operate(operator, a, b);
    output.present[step] = 1;
  }
  return output;
}

/** Native histograms can be added and subtracted; everything else has no answer. */
function combineHistograms({ operator }: Binary, left: StepSeries, right: StepSeries, output: StepSeries): StepSeries {
  if (operator !== '+' && operator !== '-') return output;
  const histograms: NonNullable<StepSeries['histograms']> = [];
  for (let step = 0; step < output.present.length; step += 1) {
    const [a, b] = [left.histograms?.[step], right.histograms?.[step]];
    if (a === undefined || b === undefined || left.present[step] !== 1 || right.present[step] !== 1) continue;
    histograms[step] = addHistograms(a, b, operator === '+' ? 1 : -1);
    output.present[step] = 1;
  }
  return { ...output, histograms };
}

/** Labels of a match: those of the "many" side, with what `group_left` or `group_right` brings over. */
function resultLabels({ operator, returnsBool, matching }: Binary, many: Labels, one: Labels): Labels {
  const names = new Set(matching.labels);
  let labels = many;
  if (!isComparison(operator) || returnsBool) labels = withoutLabels(labels, new Set([METRIC_NAME]));
  if (matching.many === 'none') labels = matching.isOn ? onlyLabels(labels, names) : withoutLabels(labels, names);
  if (matching.include.length === 0) return labels;
  const include = new Set(matching.include);
  const brought = matching.include.map((name) => [name, labelValue(one, name)] as const);
  return labelsOf([...labelEntries(withoutLabels(labels, include)), ...brought]);
}
