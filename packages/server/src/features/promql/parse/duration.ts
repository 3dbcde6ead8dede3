import type { Duration } from './ast.ts';

const UNITS: readonly (readonly [string, number])[] = [
  ['y', 31_536_000_000],
  ['w', 604_800_000],
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
];
const MS_PER_UNIT: ReadonlyMap<string, number> = new Map(UNITS);
const SHAPE = /^(?:\d+y)?(?:\d+w)?(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?(?:\d+ms)?$/;

/** Milliseconds of `1h30m`; undefined when the text is not a duration in Prometheus' notation. */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0;
  if (text === '' || !SHAPE.test(text)) return undefined;
  let ms = 0;
  for (const [, count = '', unit = ''] of text.matchAll(/(\d+)(ms|[ywdhms])/g)) {
    ms += Number(count) * (MS_PER_UNIT.get(unit) ?? 0);
  }
  return ms;
}

/** `5m`, `1h30m`, as Prometheus prints it: years and weeks only where they come out even. */
export function printDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = Math.abs(ms);
  let text = ms < 0 ? '-' : '';
  for (const [unit, size] of UNITS) {
    const isExactOnly = unit === 'y' || unit === 'w';
    if (isExactOnly && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count === 0) continue;
    text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** What `step()` and `range()` stand for. */
export interface DurationScope {
  readonly stepMs: number;
  readonly rangeMs: number;
}

/** Milliseconds, rounded; NaN when arithmetic has no answer. */
export function resolveDuration(duration: Duration, scope: DurationScope): number {
  return Math.round(resolve(duration, scope));
}

function resolve(duration: Duration, scope: DurationScope): number {
  switch (duration.kind) {
    case 'literal':
      return duration.ms;
    case 'step':
      return scope.stepMs;
    case 'range':
      return scope.rangeMs;
    case 'negative':
      return -resolve(duration.of, scope);
    case 'operation':
      return operate(duration, resolve(duration.left, scope), resolve(duration.right, scope));
  }
}

function operate({ operator }: { readonly operator: string }, left: number, right: number): number {
  switch (operator) {
    case '+':
      return left + right;
    case '-':
      return left - right;
    // Arithmetic is in seconds: `5m * 2` is 600 s.
    case '*':
      return (left * right) / 1000;
    case '/':
      return (left / right) * 1000;
    case '%':
      return left % right;
    case '^':
      return (left / 1000) ** (right / 1000) * 1000;
    case 'min_of':
      return Math.min(left, right);
    default:
      return Math.max(left, right);
  }
}
