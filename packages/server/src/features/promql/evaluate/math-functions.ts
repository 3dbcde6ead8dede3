/** A function of one sample; undefined drops it. */
type MathFunction = (value: number, scalars: readonly number[]) => number | undefined;

/** Functions that look at one sample at a time, with their scalar parameters at that step. */
export const mathFunctions: ReadonlyMap<string, MathFunction> = new Map<string, MathFunction>([
  ['abs', Math.abs],
  ['acos', Math.acos],
  ['acosh', Math.acosh],
  ['asin', Math.asin],
  ['asinh', Math.asinh],
  ['atan', Math.atan],
  ['atanh', Math.atanh],
  ['ceil', Math.ceil],
  ['cos', Math.cos],
  ['cosh', Math.cosh],
  ['deg', (value) => (value * 180) / Math.PI],
  ['exp', Math.exp],
  ['floor', Math.floor],
  ['ln', Math.log],
  ['log10', Math.log10],
  ['log2', Math.log2],
  ['rad', (value) => (value * Math.PI) / 180],
  ['sgn', Math.sign],
  ['sin', Math.sin],
  ['sinh', Math.sinh],
  ['sqrt', Math.sqrt],
  ['tan', Math.tan],
  ['tanh', Math.tanh],
  ['clamp', (value, [least = NaN, most = NaN]) => (most < least ? undefined : Math.max(least, Math.min(most, value)))],
  ['clamp_max', (value, [most = NaN]) => Math.min(most, value)],
  ['clamp_min', (value, [least = NaN]) => Math.max(least, value)],
  // The inverse loses less than dividing twice; ties go up.
  ['round', (value, [nearest = 1]) => Math.floor(value * (1 / nearest) + 0.5) / (1 / nearest)],
]);
