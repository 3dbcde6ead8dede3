import type { ValueType } from './ast.ts';

/** What a function takes and gives. */
export interface FunctionSignature {
  readonly parameters: readonly ValueType[];
  readonly returns: ValueType;
  /** How many parameters may be left out (or come on top of the last when `Infinity`). */
  readonly optional: number;
}

const scalarOf = (...parameters: ValueType[]): FunctionSignature => ({ parameters, returns: 'scalar', optional: 0 });
const vectorOf = (...parameters: ValueType[]): FunctionSignature => ({ parameters, returns: 'vector', optional: 0 });
const optionalLast = (signature: FunctionSignature): FunctionSignature => ({ ...signature, optional: 1 });
const repeatedLast = (signature: FunctionSignature): FunctionSignature => ({ ...signature, optional: Infinity });

const OF_VECTOR =
  'abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_avg histogram_count histogram_stddev histogram_stdvar histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp';
const OF_OPTIONAL_VECTOR = 'day_of_month day_of_week day_of_year days_in_month hour minute month year';
const OF_MATRIX =
  'absent_over_time avg_over_time changes count_over_time delta deriv first_over_time idelta increase irate last_over_time mad_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time stdvar_over_time sum_over_time ts_of_first_over_time ts_of_last_over_time ts_of_max_over_time ts_of_min_over_time';

const named = (names: string, signature: FunctionSignature): [string, FunctionSignature][] =>
  names.split(' ').map((name) => [name, signature]);

/** Every function that can be evaluated. */
export const functionSignatures: ReadonlyMap<string, FunctionSignature> = new Map([
  ...named(OF_VECTOR, vectorOf('vector')),
  ...named(OF_OPTIONAL_VECTOR, optionalLast(vectorOf('vector'))),
  ...named(OF_MATRIX, vectorOf('matrix')),
  ...named('clamp_max clamp_min', vectorOf('vector', 'scalar')),
  ...named('pi time', scalarOf()),
  ['clamp', vectorOf('vector', 'scalar', 'scalar')],
  ['double_exponential_smoothing', vectorOf('matrix', 'scalar', 'scalar')],
  ['histogram_fraction', vectorOf('scalar', 'scalar', 'vector')],
  ['histogram_quantile', vectorOf('scalar', 'vector')],
  ['label_join', repeatedLast(vectorOf('vector', 'string', 'string', 'string'))],
  ['label_replace', vectorOf('vector', 'string', 'string', 'string', 'string')],
  ['predict_linear', vectorOf('matrix', 'scalar')],
  ['quantile_over_time', vectorOf('scalar', 'matrix')],
  ['round', optionalLast(vectorOf('vector', 'scalar'))],
  ['scalar', scalarOf('vector')],
  ['sort_by_label', repeatedLast(vectorOf('vector', 'string'))],
  ['sort_by_label_desc', repeatedLast(vectorOf('vector', 'string'))],
  ['vector', vectorOf('scalar')],
]);

/** What the grammar knows and Belay does not evaluate, with what to use instead. */
export const unsupportedFunctions: ReadonlyMap<string, string> = new Map([
  ['info', 'Join the info metric by hand: * on(job, instance) group_left(version) target_info.'],
  ['histogram_quantiles', 'Ask with one histogram_quantile() for each quantile.'],
  ['start_timestamp', 'Start times of series are not stored.'],
  ['start', 'Use start() only behind "@".'],
  ['end', 'Use end() only behind "@".'],
  ['range', 'Use range() only inside the brackets of a range.'],
  ['step', 'Use step() only inside the brackets of a range.'],
]);
