import type { LabelMatcher } from './label-matcher.ts';

/** Half-open interval of characters in the query's text. */
export interface Position {
  readonly from: number;
  readonly to: number;
}

export type ValueType = 'scalar' | 'vector' | 'matrix' | 'string';

/** A length of time as written: a literal, or arithmetic over `step()` and `range()`. */
export type Duration =
  | { readonly kind: 'literal'; readonly ms: number }
  | { readonly kind: 'step' | 'range' }
  | { readonly kind: 'negative'; readonly of: Duration }
  | {
      readonly kind: 'operation';
      readonly operator: DurationOperator;
      readonly left: Duration;
      readonly right: Duration;
    };

export type DurationOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'min_of' | 'max_of';

/** `@ 1609746000`, `@ start()` or `@ end()`. */
export type AtTime = { readonly kind: 'time'; readonly ms: number } | { readonly kind: 'start' | 'end' };

export interface NumberLiteral {
  readonly kind: 'number';
  readonly value: number;
  readonly position: Position;
}

export interface StringLiteral {
  readonly kind: 'string';
  readonly value: string;
  readonly position: Position;
}

export interface VectorSelector {
  readonly kind: 'selector';
  /** The name written before the braces, or quoted alone inside them. */
  readonly name: string | undefined;
  /** All matchers, the name's included. */
  readonly matchers: readonly LabelMatcher[];
  readonly offset: Duration | undefined;
  readonly at: AtTime | undefined;
  readonly position: Position;
}

export interface RangeSelector {
  readonly kind: 'range';
  readonly selector: VectorSelector;
  readonly range: Duration;
  readonly position: Position;
}

export interface Subquery {
  readonly kind: 'subquery';
  readonly expression: Expression;
  readonly range: Duration;
  readonly step: Duration | undefined;
  readonly offset: Duration | undefined;
  readonly at: AtTime | undefined;
  readonly position: Position;
}

export interface Unary {
  readonly kind: 'unary';
  readonly operator: '+' | '-';
  readonly expression: Expression;
  readonly position: Position;
}

export type ArithmeticOperator = '+' | '-' | '*' | '/' | '%' | '^' | 'atan2';
export type ComparisonOperator = '==' | '!=' | '>' | '<' | '>=' | '<=';
export type SetOperator = 'and' | 'or' | 'unless';
export type BinaryOperator = ArithmeticOperator | ComparisonOperator | SetOperator;

/** How the series of two vectors find each other. */
export interface VectorMatching {
  /** `on` (true) or `ignoring` (false). */
  readonly isOn: boolean;
  readonly labels: readonly string[];
  /** Which side may have several series for one of the other side. */
  readonly many: 'none' | 'left' | 'right';
  /** Labels copied from the "one" side. */
  readonly include: readonly string[];
  /** Whether `on` or `ignoring` was written. */
  readonly isWritten: boolean;
}

export interface Binary {
  readonly kind: 'binary';
  readonly operator: BinaryOperator;
  readonly left: Expression;
  readonly right: Expression;
  readonly returnsBool: boolean;
  readonly matching: VectorMatching;
  readonly position: Position;
}

export type AggregationOperator =
  | 'sum'
  | 'avg'
  | 'min'
  | 'max'
  | 'count'
  | 'group'
  | 'stddev'
  | 'stdvar'
  | 'quantile'
  | 'topk'
  | 'bottomk'
  | 'count_values'
  | 'limitk'
  | 'limit_ratio';

export interface Aggregation {
  readonly kind: 'aggregation';
  readonly operator: AggregationOperator;
  readonly expression: Expression;
  readonly parameter: Expression | undefined;
  readonly grouping: readonly string[];
  readonly isWithout: boolean;
  readonly position: Position;
}

export interface Call {
  readonly kind: 'call';
  /** In today's spelling; `holt_winters` is read as `double_exponential_smoothing`. */
  readonly name: string;
  readonly parameters: readonly Expression[];
  readonly position: Position;
}

export interface Parenthesis {
  readonly kind: 'parenthesis';
  readonly expression: Expression;
  readonly position: Position;
}

export type Expression =
  | NumberLiteral
  | StringLiteral
  | VectorSelector
  | RangeSelector
  | Subquery
  | Unary
  | Binary
  | Aggregation
  | Call
  | Parenthesis;

/** The expression without parentheses around it. */
export function unwrapped(expression: Expression): Expression {
  return expression.kind === 'parenthesis' ? unwrapped(expression.expression) : expression;
}

const COMPARISONS: ReadonlySet<string> = new Set(['==', '!=', '>', '<', '>=', '<=']);
const SETS: ReadonlySet<string> = new Set(['and', 'or', 'unless']);

export function isComparison(operator: BinaryOperator): operator is ComparisonOperator {
  return COMPARISONS.has(operator);
}

export function isSetOperator(operator: BinaryOperator): operator is SetOperator {
  return SETS.has(operator);
}
