import { invariant } from '@belay/core';
import type { SyntaxNode } from '@lezer/common';
import type { Duration, DurationOperator } from './ast.ts';
import { parseDuration } from './duration.ts';
import { parseError } from './promql-error.ts';

/** Longest range or offset, as Prometheus' 64-bit nanoseconds allow. */
const LONGEST_MS = 292 * 365 * 86_400_000;

/** The value of a number as PromQL writes it; a duration is its seconds. */
export function numberOf(written: string): number {
  const word = written.toLowerCase();
  if (word === 'inf') return Infinity;
  if (word === 'nan') return NaN;
  const ms =
    /[a-z]/.test(word) && !word.startsWith('0x') && !/^[\d._]+e[+-]?\d+$/.test(word) ? parseDuration(word) : undefined;
  return ms === undefined ? Number(word.replaceAll('_', '')) : ms / 1000;
}

/** Reads what stands in brackets or behind `offset`. */
export function convertDuration(node: SyntaxNode, text: string): Duration {
  const parts: SyntaxNode[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') parts.push(child);
  }
  const [first, second, third] = parts;
  invariant(first !== undefined, 'a duration is written');
  switch (first.name) {
    case 'NumberDurationLiteralInDurationContext':
      return literalOf(first, text);
    case 'DurationStep':
      return { kind: 'step' };
    case 'DurationRange':
      return { kind: 'range' };
    case 'UnaryOp': {
      invariant(second !== undefined, 'a sign has an operand');
      const of = convertDuration(second, text);
      return text.slice(first.from, first.to) === '-' ? { kind: 'negative', of } : of;
    }
    case 'DurationMinOf':
    case 'DurationMaxOf': {
      invariant(second !== undefined && third !== undefined, 'min_of and max_of take two durations');
      const operator = first.name === 'DurationMinOf' ? 'min_of' : 'max_of';
      return operationOf(operator, { left: second, right: third }, text);
    }
    default:
      if (second === undefined || third === undefined) return convertDuration(first, text);
      return operationOf(operatorOf(second, text), { left: first, right: third }, text);
  }
}

function operationOf(
  operator: DurationOperator,
  { left, right }: { readonly left: SyntaxNode; readonly right: SyntaxNode },
  text: string,
): Duration {
  return { kind: 'operation', operator, left: convertDuration(left, text), right: convertDuration(right, text) };
}

function operatorOf(node: SyntaxNode, text: string): DurationOperator {
  const written = text.slice(node.from, node.to);
  // The grammar knows no other operators of durations.
  return written as DurationOperator;
}

function literalOf(node: SyntaxNode, text: string): Duration {
  const ms = numberOf(text.slice(node.from, node.to)) * 1000;
  if (Number.isFinite(ms) && ms <= LONGEST_MS) return { kind: 'literal', ms: Math.round(ms) };
  throw parseError(text, node, 'duration out of range');
}
