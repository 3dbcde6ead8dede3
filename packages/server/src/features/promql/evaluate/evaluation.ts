import type { Expression } from '../parse/ast.ts';
import type { LabelMatcher } from '../parse/label-matcher.ts';
import type { Budget } from './budget.ts';
import type { Grid, SampleSeries, Value } from './series.ts';

/** What the evaluator wants from a storage beyond matchers and time. */
export interface SelectHints {
  /** The function around the selector, e.g. `rate`; empty for a plain selector. */
  readonly call: string;
  /** Window of a range selector; 0 for a plain selector. */
  readonly rangeMs: number;
  readonly stepMs: number;
  readonly budget: Budget;
}

/** Where series come from. */
export interface MetricStorage {
  /** Series that fit all matchers, with their samples in `[fromMs, toMs]`; series without any may be left out. */
  select(
    matchers: readonly LabelMatcher[],
    fromMs: number,
    toMs: number,
    hints: SelectHints,
  ): Promise<readonly SampleSeries[]>;
}

/** How Prometheus' major versions differ. */
export interface EvaluationRules {
  /**
   * Whose rules: 3 leaves the left edge out of windows and lookback, and bounds extrapolation by the counter's zero
   * last; 2 includes the edge, and looks at the zero first.
   */
  readonly prometheus: 2 | 3;
  /** How old the newest sample may be, ms. */
  readonly lookbackMs: number;
}

/** Everything that an expression is evaluated with. */
export interface Evaluation {
  readonly storage: MetricStorage;
  readonly grid: Grid;
  readonly rules: EvaluationRules;
  readonly budget: Budget;
  /** First and last time of the whole query, for `@ start()` and `@ end()`. */
  readonly queryStartMs: number;
  readonly queryEndMs: number;
  readonly warnings: Set<string>;
  /** What was selected before: the same selector is often written twice. */
  readonly selections: Map<string, Promise<readonly SampleSeries[]>>;
  /** Evaluates a part of the expression, on this grid or another. */
  readonly evaluate: (expression: Expression, evaluation: Evaluation) => Promise<Value>;
}
