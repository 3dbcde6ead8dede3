import { isRecord, textOf } from './coercion.ts';

/** A variant that a rule can name, and where. */
export interface NamedVariant {
  readonly path: string;
  readonly variant: string;
}

/**
 * The variants that a rule names outright where its answer is decided: the branches of `if`, the parts of `or` and
 * `and`, the buckets of `fractional`. Computed names are not among them. References are followed; a circle ends.
 */
export function possibleVariants(
  logic: unknown,
  path: string,
  evaluators: Readonly<Record<string, unknown>>,
): readonly NamedVariant[] {
  const found: NamedVariant[] = [];
  const visit = (part: unknown, at: string, budget: number): void => {
    if (budget <= 0 || part === null || part === undefined) return;
    if (typeof part !== 'object') found.push({ path: at, variant: textOf(part) });
    else for (const [step, next] of answersOf(part, evaluators)) visit(next, `${at}.${step}`, budget - 1);
  };
  visit(logic, path, 64);
  return found;
}

type Steps = readonly (readonly [string, unknown])[];

function answersOf(part: object, evaluators: Readonly<Record<string, unknown>>): Steps {
  if (!isRecord(part)) return [];
  const [name, raw] = Object.entries(part)[0] ?? [];
  if (name === '$ref' && typeof raw === 'string' && Object.hasOwn(evaluators, raw)) return [[name, evaluators[raw]]];
  if (!Array.isArray(raw)) return [];
  const steps: Steps = raw.map((value, index): readonly [string, unknown] => [`${name}.${index}`, value]);
  // The condition of an `if` without branches is its answer too.
  if (name === 'if') return steps.filter((_step, index) => index % 2 === 1 || index === raw.length - 1);
  if (name === 'or') return steps;
  if (name === 'and') return steps.slice(-1);
  if (name !== 'fractional') return [];
  return steps.flatMap(([step, bucket]) => (Array.isArray(bucket) ? [[`${step}.0`, bucket[0]] as const] : []));
}
