import { invariant } from '@belay/core';
import type { SyntaxNode, Tree } from '@lezer/common';
import type { Aggregation, AggregationOperator, Expression, Position, VectorMatching } from './ast.ts';
import { convertDuration, numberOf } from './convert-duration.ts';
import { convertSelector, labelNamesOf, stringOf } from './convert-selector.ts';
import { unsupportedFunctions } from './function-signatures.ts';
import { groupChain } from './operator-chain.ts';
import type { ChainItem } from './operator-chain.ts';
import { parseError } from './promql-error.ts';
import { withAt, withOffset, withRange, withSubquery } from './selector-modifiers.ts';

/** Deeper nesting and longer chains of operators are refused. */
const DEPTH_LIMIT = 1000;
const NO_MATCHING: VectorMatching = { isOn: false, labels: [], many: 'none', include: [], isWritten: false };

/** What is read of a query's text. */
export interface Source {
  readonly text: string;
  /** How deep the node lies. */
  readonly depth: number;
}

/** The typed expression of a parse tree without errors. */
export function convertTree(tree: Tree, text: string): Expression {
  const node = firstOf(tree.topNode);
  if (node === null) throw parseError(text, { from: 0, to: 0 }, 'no expression found in input');
  return convert(node, { text, depth: 0 });
}

function convert(node: SyntaxNode, { text, depth }: Source): Expression {
  const items: ChainItem[] = [];
  flatten(node, { text, depth: depth + 1 }, items);
  const expression = groupChain(items);
  if (expression === undefined) throw parseError(text, node, 'unexpected operator');
  return expression;
}

/** Appends the signs, operands and operators of an expression without parentheses, left to right. */
function flatten(node: SyntaxNode, source: Source, into: ChainItem[]): void {
  const { text } = source;
  if (source.depth > DEPTH_LIMIT || into.length > 2 * DEPTH_LIMIT) throw tooDeep(text, node);
  const inner = { text, depth: source.depth + 1 };
  switch (node.name) {
    case 'BinaryExpr': {
      const [left, ...rest] = childrenOf(node);
      const right = rest.at(-1);
      invariant(left !== undefined && right !== undefined, 'a binary expression has two sides');
      flatten(left, inner, into);
      into.push(operatorOf(rest.slice(0, -1), text));
      flatten(right, inner, into);
      return;
    }
    case 'UnaryExpr': {
      const [sign, operand] = childrenOf(node);
      invariant(sign !== undefined && operand !== undefined, 'a unary expression has a sign and an operand');
      into.push({ kind: 'sign', operator: signOf(sign, text), from: node.from });
      flatten(operand, inner, into);
      return;
    }
    case 'NumberDurationLiteral': {
      const written = text.slice(node.from, node.to);
      const sign = written.startsWith('-') ? '-' : written.startsWith('+') ? '+' : undefined;
      if (sign !== undefined) into.push({ kind: 'sign', operator: sign, from: node.from });
      const value = numberOf(sign === undefined ? written : written.slice(1).trim());
      into.push({ kind: 'operand', expression: { kind: 'number', value, position: positionOf(node) } });
      return;
    }
    case 'OffsetExpr':
    case 'StepInvariantExpr':
    case 'MatrixSelector':
    case 'SubqueryExpr':
    case 'AnchoredExpr':
    case 'SmoothedExpr':
      return flattenPostfix(node, inner, into);
    default:
      into.push({ kind: 'operand', expression: convertPrimary(node, source) });
  }
}

/** What stands behind an expression belongs to its last operand. */
function flattenPostfix(node: SyntaxNode, source: Source, into: ChainItem[]): void {
  const [inner, ...modifiers] = childrenOf(node);
  invariant(inner !== undefined, 'a modifier follows an expression');
  flatten(inner, source, into);
  const last = into.pop();
  invariant(last?.kind === 'operand', 'a chain ends with an operand');
  into.push({ kind: 'operand', expression: modified(last.expression, { node, modifiers }, source.text) });
}

interface Modifier {
  readonly node: SyntaxNode;
  readonly modifiers: readonly SyntaxNode[];
}

function modified(operand: Expression, { node, modifiers }: Modifier, text: string): Expression {
  const edit = { text, to: node.to };
  const [first, second] = modifiers;
  invariant(first !== undefined, 'a modifier has a content');
  switch (node.name) {
    case 'OffsetExpr':
      invariant(second !== undefined, 'an offset has a duration');
      return withOffset(operand, convertDuration(second, text), edit);
    case 'StepInvariantExpr':
      invariant(second !== undefined, '@ has a time');
      return withAt(operand, second, edit);
    case 'MatrixSelector':
      return withRange(operand, convertDuration(first, text), edit);
    case 'SubqueryExpr': {
      const step = second === undefined ? undefined : convertDuration(second, text);
      return withSubquery(operand, { range: convertDuration(first, text), step }, edit);
    }
    default: {
      const word = text.slice(first.from, first.to);
      throw parseError(text, first, `the experimental modifier "${word}" is not supported`, `Leave "${word}" out.`);
    }
  }
}

function convertPrimary(node: SyntaxNode, source: Source): Expression {
  const { text } = source;
  const position = positionOf(node);
  switch (node.name) {
    case 'VectorSelector':
      return convertSelector(node, text);
    case 'StringLiteral':
      return { kind: 'string', value: stringOf(node, text), position };
    case 'ParenExpr': {
      const inner = firstOf(node);
      invariant(inner !== null, 'parentheses hold an expression');
      return { kind: 'parenthesis', expression: convert(inner, source), position };
    }
    case 'FunctionCall': {
      const written = node.getChild('FunctionIdentifier');
      invariant(written !== null, 'a call names its function');
      const name = text.slice(written.from, written.to);
      const instead = unsupportedFunctions.get(name);
      if (instead !== undefined) throw parseError(text, node, `function "${name}" is not supported`, instead);
      return { kind: 'call', name, parameters: parametersOf(node, source), position };
    }
    case 'AggregateExpr':
      return convertAggregation(node, source);
    default:
      throw parseError(text, node, `unexpected "${text.slice(node.from, node.to).slice(0, 80)}"`);
  }
}

function convertAggregation(node: SyntaxNode, source: Source): Aggregation {
  const { text } = source;
  const operatorNode = node.getChild('AggregateOp');
  invariant(operatorNode !== null, 'an aggregation has an operator');
  const operator = text.slice(operatorNode.from, operatorNode.to).toLowerCase() as AggregationOperator;
  const parameters = parametersOf(node, source);
  const wanted = WITH_PARAMETER.has(operator) ? 2 : 1;
  if (parameters.length === 0) throw parseError(text, node, 'no arguments for aggregate expression provided');
  const expression = parameters[wanted - 1];
  if (parameters.length !== wanted || expression === undefined) {
    const message = `wrong number of arguments for aggregate expression provided, expected ${wanted}, got ${parameters.length}`;
    throw parseError(text, node, message);
  }
  const modifier = node.getChild('AggregateModifier');
  const labels = modifier?.getChild('GroupingLabels');
  return {
    kind: 'aggregation',
    operator,
    expression,
    parameter: wanted === 2 ? parameters[0] : undefined,
    grouping: labels === null || labels === undefined ? [] : labelNamesOf(labels, text),
    isWithout: modifier !== null && modifier.getChild('Without') !== null,
    position: positionOf(node),
  };
}

const WITH_PARAMETER: ReadonlySet<string> = new Set([
  'quantile',
  'topk',
  'bottomk',
  'count_values',
  'limitk',
  'limit_ratio',
]);

function parametersOf(node: SyntaxNode, source: Source): Expression[] {
  const body = node.getChild('FunctionCallBody');
  return body === null ? [] : childrenOf(body).map((child) => convert(child, source));
}

function operatorOf(nodes: readonly SyntaxNode[], text: string): ChainItem {
  const [operatorNode, ...modifiers] = nodes;
  invariant(operatorNode !== undefined, 'a binary expression has an operator');
  const written = text.slice(operatorNode.from, operatorNode.to).toLowerCase();
  if (operatorNode.name === 'TrimUpper' || operatorNode.name === 'TrimLower') {
    throw parseError(text, operatorNode, `the experimental operator "${written}" is not supported`);
  }
  const fill = modifiers.find(({ name }) => name === 'FillModifier');
  if (fill !== undefined) throw parseError(text, fill, 'the experimental fill modifiers are not supported', FILL_HINT);
  const clause = modifiers.find(({ name }) => name === 'MatchingModifierClause');
  return {
    kind: 'operator',
    // The grammar knows no other operators.
    operator: written as (ChainItem & { readonly kind: 'operator' })['operator'],
    returnsBool: modifiers.some(({ name }) => name === 'BoolModifier'),
    matching: clause === undefined ? NO_MATCHING : matchingOf(clause, text),
  };
}

const FILL_HINT = 'Write "a or b * 0" for series that may be missing.';

function matchingOf(clause: SyntaxNode, text: string): VectorMatching {
  const [first, second] = clause.getChildren('GroupingLabels');
  const isLeft = clause.getChild('GroupLeft') !== null;
  const isRight = clause.getChild('GroupRight') !== null;
  return {
    isOn: clause.getChild('On') !== null,
    labels: first === undefined ? [] : labelNamesOf(first, text),
    many: isLeft ? 'left' : isRight ? 'right' : 'none',
    include: second === undefined ? [] : labelNamesOf(second, text),
    isWritten: true,
  };
}

function signOf(node: SyntaxNode, text: string): '+' | '-' {
  return text.slice(node.from, node.to) === '-' ? '-' : '+';
}

function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const children: SyntaxNode[] = [];
  for (let child = firstOf(node); child !== null; child = child.nextSibling) {
    if (child.name !== 'LineComment') children.push(child);
  }
  return children;
}

function firstOf(node: SyntaxNode): SyntaxNode | null {
  let child = node.firstChild;
  while (child?.name === 'LineComment') child = child.nextSibling;
  return child;
}

function positionOf({ from, to }: SyntaxNode): Position {
  return { from, to };
}

function tooDeep(text: string, node: SyntaxNode): Error {
  return parseError(text, node, `the query nests deeper, or chains more operators, than ${DEPTH_LIMIT}`, 'Shorten it.');
}
