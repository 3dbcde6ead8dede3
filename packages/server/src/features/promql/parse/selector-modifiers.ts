import type { SyntaxNode } from '@lezer/common';
import type { AtTime, Duration, Expression } from './ast.ts';
import { numberOf } from './convert-duration.ts';
import { parseError } from './promql-error.ts';

interface Edit {
  readonly text: string;
  /** Where the expression with its modifier ends. */
  readonly to: number;
}

const BEHIND = 'must be preceded by an instant vector selector or range vector selector or a subquery';

export function withRange(operand: Expression, range: Duration, { text, to }: Edit): Expression {
  const { position } = operand;
  if (operand.kind !== 'selector') throw parseError(text, position, 'ranges only allowed for vector selectors');
  if (operand.offset !== undefined) throw parseError(text, position, 'no offset modifiers allowed before range');
  if (operand.at !== undefined) throw parseError(text, position, 'no @ modifiers allowed before range');
  requirePositive(range, { text, to: position.to });
  return { kind: 'range', selector: operand, range, position: { from: position.from, to } };
}

export function withSubquery(
  operand: Expression,
  { range, step }: { readonly range: Duration; readonly step: Duration | undefined },
  { text, to }: Edit,
): Expression {
  requirePositive(range, { text, to: operand.position.to });
  if (step !== undefined) requirePositive(step, { text, to: operand.position.to });
  const position = { from: operand.position.from, to };
  return { kind: 'subquery', expression: operand, range, step, offset: undefined, at: undefined, position };
}

export function withOffset(operand: Expression, offset: Duration, { text, to }: Edit): Expression {
  const position = { from: operand.position.from, to };
  const target = operand.kind === 'range' ? operand.selector : operand;
  if (target.kind !== 'selector' && target.kind !== 'subquery') {
    throw parseError(text, operand.position, `offset modifier ${BEHIND}`);
  }
  if (target.offset !== undefined) throw parseError(text, operand.position, 'offset may not be set multiple times');
  if (operand.kind === 'range') return { ...operand, selector: { ...operand.selector, offset }, position };
  return { ...target, offset, position };
}

export function withAt(operand: Expression, time: SyntaxNode, { text, to }: Edit): Expression {
  const position = { from: operand.position.from, to };
  const target = operand.kind === 'range' ? operand.selector : operand;
  if (target.kind !== 'selector' && target.kind !== 'subquery') {
    throw parseError(text, operand.position, `@ modifier ${BEHIND}`);
  }
  if (target.at !== undefined) throw parseError(text, operand.position, '@ <timestamp> may not be set multiple times');
  const at = atTimeOf(time, text);
  if (operand.kind === 'range') return { ...operand, selector: { ...operand.selector, at }, position };
  return { ...target, at, position };
}

function atTimeOf(node: SyntaxNode, text: string): AtTime {
  const written = text.slice(node.from, node.to).replaceAll(/\s/g, '');
  if (node.name === 'AtModifierPreprocessors') return { kind: /^start/i.test(written) ? 'start' : 'end' };
  const sign = written.startsWith('-') ? -1 : 1;
  const ms = Math.round(sign * numberOf(written.replace(/^[+-]/, '')) * 1000);
  if (Number.isSafeInteger(ms)) return { kind: 'time', ms: ms + 0 };
  throw parseError(text, node, `timestamp out of bounds for @ modifier: ${written}`);
}

function requirePositive(duration: Duration, { text, to }: Edit): void {
  const isWrong = duration.kind === 'negative' || (duration.kind === 'literal' && duration.ms <= 0);
  if (isWrong) throw parseError(text, { from: to, to }, 'duration must be greater than 0');
}
