import { isBelayError } from '@belay/core';
import type { SyntaxNode } from '@lezer/common';
import type { VectorSelector } from './ast.ts';
import { createLabelMatcher } from './label-matcher.ts';
import type { LabelMatcher, MatchOperator } from './label-matcher.ts';
import { parseError } from './promql-error.ts';
import { unquote } from './string-literal.ts';

export function convertSelector(node: SyntaxNode, text: string): VectorSelector {
  const written = node.getChild('Identifier');
  let name = written === null ? undefined : text.slice(written.from, written.to);
  const matchers: LabelMatcher[] = [];
  const braces = node.getChild('LabelMatchers');
  for (let child = braces?.firstChild ?? null; child !== null; child = child.nextSibling) {
    if (child.name === 'QuotedLabelName') {
      const quoted = stringOf(firstString(child), text);
      if (name !== undefined) {
        throw parseError(text, node, `metric name must not be set twice: "${name}" or "${quoted}"`);
      }
      name = quoted;
    } else if (child.name === 'UnquotedLabelMatcher' || child.name === 'QuotedLabelMatcher') {
      matchers.push(matcherOf(child, text));
    }
  }
  if (name !== undefined) matchers.push(createLabelMatcher('__name__', '=', name));
  return {
    kind: 'selector',
    name,
    matchers,
    offset: undefined,
    at: undefined,
    position: { from: node.from, to: node.to },
  };
}

function matcherOf(node: SyntaxNode, text: string): LabelMatcher {
  const labelNode = node.getChild('LabelName');
  const quoted = node.getChild('QuotedLabelName');
  const label =
    labelNode === null ? stringOf(firstString(quoted ?? node), text) : text.slice(labelNode.from, labelNode.to);
  const operatorNode = node.getChild('MatchOp');
  const operator = operatorNode === null ? '=' : text.slice(operatorNode.from, operatorNode.to);
  const value = stringOf(node.lastChild ?? node, text);
  try {
    // The grammar knows no other operators of matchers.
    return createLabelMatcher(label, operator as MatchOperator, value);
  } catch (error) {
    if (isBelayError(error)) throw parseError(text, node, error.message);
    throw error;
  }
}

/** The text of a string literal; throws where it is not closed or has an unknown escape. */
export function stringOf(node: SyntaxNode, text: string): string {
  const written = text.slice(node.from, node.to);
  const value = unquote(written);
  if (value !== undefined) return value;
  const isClosed = written.length > 1 && written.endsWith(written[0] ?? '');
  const message = isClosed
    ? `invalid escape or line break in string ${written.slice(0, 80)}`
    : 'unterminated quoted string';
  throw parseError(text, node, message);
}

/** The labels of `by (...)`, `on (...)` and the like. */
export function labelNamesOf(node: SyntaxNode, text: string): string[] {
  const names: string[] = [];
  for (let child = node.firstChild; child !== null; child = child.nextSibling) {
    if (child.name === 'LabelName') names.push(text.slice(child.from, child.to));
    if (child.name === 'QuotedLabelName') names.push(stringOf(firstString(child), text));
  }
  return names;
}

function firstString(node: SyntaxNode): SyntaxNode {
  return node.getChild('StringLiteral') ?? node;
}
