import { isBelayError } from '@belay/core';
import { compileRegex } from '../parse/anchored-regex.ts';
import type { AnchoredRegex } from '../parse/anchored-regex.ts';
import { executionError } from '../parse/promql-error.ts';
import { labelValue, withLabel } from './labels.ts';
import type { StepSeries } from './series.ts';

/** `label_replace(v, destination, replacement, source, regex)`. */
export function replaceLabel(series: readonly StepSeries[], texts: readonly string[]): StepSeries[] {
  const [destination = '', replacement = '', source = '', pattern = ''] = texts;
  const regex = regexOf(pattern);
  requireLabelName(destination, 'destination label name in label_replace()');
  return series.map((one) => {
    const replaced = regex.expand(labelValue(one.labels, source), replacement);
    return replaced === undefined ? one : { ...one, labels: withLabel(one.labels, destination, replaced) };
  });
}

function regexOf(pattern: string): AnchoredRegex {
  try {
    return compileRegex(pattern);
  } catch (error) {
    if (!isBelayError(error)) throw error;
    throw executionError(`invalid regular expression in label_replace(): ${pattern.slice(0, 200)}`, error.message);
  }
}

/** `label_join(v, destination, separator, source, ...)`. */
export function joinLabels(series: readonly StepSeries[], texts: readonly string[]): StepSeries[] {
  const [destination = '', separator = '', ...sources] = texts;
  for (const source of sources) requireLabelName(source, 'source label name in label_join()');
  requireLabelName(destination, 'destination label name in label_join()');
  return series.map((one) => {
    const joined = sources.map((source) => labelValue(one.labels, source)).join(separator);
    return { ...one, labels: withLabel(one.labels, destination, joined) };
  });
}

/** Any text but the empty one; bytes that are not UTF-8 were read as the replacement character. */
function requireLabelName(name: string, what: string): void {
  if (name !== '' && !name.includes('\uFFFD')) return;
  throw executionError(`invalid ${what}: ${name}`);
}
