import { unwrapped } from '../parse/ast.ts';
import type { Expression } from '../parse/ast.ts';
import { labelsOf, METRIC_NAME } from './labels.ts';
import type { Labels } from './labels.ts';

/** Labels of what is missing: those that the selector asks for by `=`, once. */
export function absentLabels(expression: Expression): Labels {
  const inner = unwrapped(expression);
  const selector = inner.kind === 'range' ? inner.selector : inner;
  if (selector.kind !== 'selector') return labelsOf([]);
  const found = new Map<string, string>();
  const repeated = new Set<string>();
  for (const { label, operator, value } of selector.matchers) {
    if (label === METRIC_NAME) continue;
    if (operator === '=' && !found.has(label) && !repeated.has(label)) found.set(label, value);
    else {
      found.delete(label);
      repeated.add(label);
    }
  }
  return labelsOf(found);
}
