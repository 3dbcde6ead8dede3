import type { InputIssue } from '../error.ts';
import type { GuardOptions } from '../statistics/engine-types.ts';
import { parseAmount, type Amount } from './amounts.ts';
import type { FlagFacts, GuardInput, PlanGuard } from './types.ts';

/** Guards of a rollout that names none: failures, response time, and a ceiling that needs no comparison. */
export const defaultGuards: readonly GuardInput[] = [
  { signal: 'http.errors' },
  { signal: 'http.latency' },
  { signal: 'http.ceiling' },
];

/** Turns one guard as written into what the engine tests; issues carry the path of the field. */
export function planGuard(input: GuardInput, path: string, flag: FlagFacts): PlanGuard | readonly InputIssue[] {
  const amount = input.worse_by === undefined ? undefined : parseAmount(input.worse_by);
  if (amount === null) {
    return [issue(`${path}.worse_by`, 'This is not a tolerance.', input.worse_by, 'Write "0.5pp", "3%" or "20ms".')];
  }
  const context = { input, path, amount, flag };
  const misplaced = misplacedFields(context);
  if (misplaced.length > 0) return misplaced;
  switch (input.signal) {
    case 'http.errors':
      return errorsGuard(context);
    case 'http.latency':
      return input.slower_than === undefined ? latencyGuard(context) : slowGuard(context);
    case 'http.ceiling':
      return ceilingGuard(context);
    default:
      return valueGuard(context);
  }
}

interface GuardContext {
  readonly input: GuardInput;
  readonly path: string;
  readonly amount: Amount | undefined;
  readonly flag: FlagFacts;
}

function errorsGuard({ input, path, amount }: GuardContext): PlanGuard | readonly InputIssue[] {
  if (amount?.unit === 'ms') return [wrongUnit(path, input, 'Failures are counted: write "0.5pp" or "10%".')];
  const tolerance = toleranceOf(amount);
  return guardOf(input, 'Failed requests', {
    id: 'errors',
    kind: 'errors',
    ...(tolerance === undefined ? {} : { tolerance }),
  });
}

function latencyGuard({ input, path, amount, flag }: GuardContext): PlanGuard | readonly InputIssue[] {
  if (amount?.unit === 'pp') {
    return [wrongUnit(path, input, 'Add "slower_than: p95" to count slow requests in points, or write "10%".')];
  }
  if (amount?.unit === 'ms' && flag.p95Ms === null) {
    const mend = 'Write it as a percentage such as "10%", or wait until the old path has been measured.';
    return [wrongUnit(path, input, mend)];
  }
  const ratio = amount?.unit === 'ms' ? amount.value / (flag.p95Ms ?? 1) : (amount?.value ?? 0) / 100;
  const buckets = amount === undefined ? undefined : Math.max(1, Math.round(Math.log2(1 + ratio) * 16));
  if (buckets !== undefined && buckets > MOST_BUCKETS) {
    return [
      issue(
        `${path}.worse_by`,
        'This would let requests take more than ten times as long.',
        input.worse_by,
        'Write at most "900%".',
      ),
    ];
  }
  return guardOf(input, 'Response time', {
    id: 'latency',
    kind: 'latency',
    ...(buckets === undefined ? {} : { toleranceBuckets: buckets }),
  });
}

function slowGuard({ input, path, amount }: GuardContext): PlanGuard | readonly InputIssue[] {
  if (amount?.unit === 'ms') return [wrongUnit(path, input, 'Slow requests are counted: write "5pp" or "20%".')];
  const quantile = input.slower_than ?? 'p95';
  const tolerance = toleranceOf(amount);
  return guardOf(input, 'Slow requests', {
    id: `slow-${quantile}`,
    kind: 'slow',
    quantile: Number(quantile.slice(1)) / 100,
    ...(tolerance === undefined ? {} : { tolerance }),
  });
}

function ceilingGuard({ input, path, amount }: GuardContext): PlanGuard | readonly InputIssue[] {
  if (amount !== undefined && amount.unit !== 'pp') {
    return [wrongUnit(path, input, 'A ceiling is a share of all requests: write "10pp".')];
  }
  if (amount !== undefined && (amount.value <= 0 || amount.value > 99)) {
    return [
      issue(
        `${path}.worse_by`,
        'A ceiling stands between 0 and 99 points.',
        input.worse_by,
        'Write for example "10pp".',
      ),
    ];
  }
  return guardOf(input, 'Failures altogether', {
    id: 'ceiling',
    kind: 'ceiling',
    ...(amount === undefined ? {} : { limit: amount.value / 100 }),
  });
}

function valueGuard({ input, path, amount }: GuardContext): PlanGuard | readonly InputIssue[] {
  if (amount !== undefined && amount.unit !== '%') {
    return [wrongUnit(path, input, 'A tracked value is compared with the old path: write "3%".')];
  }
  if (amount !== undefined && amount.value > 90) {
    return [
      issue(`${path}.worse_by`, 'A tolerance above 90% guards nothing.', input.worse_by, 'Write for example "5%".'),
    ];
  }
  return guardOf(input, humanised(input.signal), {
    id: input.signal,
    kind: 'value',
    value: input.signal,
    harmful: input.worse ?? 'up',
    ...(amount === undefined ? {} : { tolerance: amount.value / 100 }),
  });
}

function misplacedFields({ input, path }: GuardContext): InputIssue[] {
  const issues: InputIssue[] = [];
  if (input.slower_than !== undefined && input.signal !== 'http.latency') {
    issues.push(issue(`${path}.slower_than`, 'Only http.latency can be slower.', input.slower_than, 'Remove it.'));
  }
  if (input.worse !== undefined && input.signal.startsWith('http.')) {
    issues.push(issue(`${path}.worse`, 'More is always worse for this signal.', input.worse, 'Remove it.'));
  }
  if (input.signal.startsWith('http.') && !KNOWN.has(input.signal)) {
    issues.push(
      issue(`${path}.signal`, 'There is no such signal.', input.signal, `Write one of ${[...KNOWN].join(', ')}.`),
    );
  }
  return issues;
}

function guardOf(input: GuardInput, title: string, options: GuardOptions): PlanGuard {
  return {
    id: options.id,
    signal: input.signal,
    title: input.title ?? title,
    options,
    worseSign: input.worse === 'down' ? -1 : 1,
  };
}

function toleranceOf(amount: Amount | undefined): { readonly points: number; readonly ratio: number } | undefined {
  if (amount === undefined) return undefined;
  return amount.unit === 'pp' ? { points: amount.value / 100, ratio: 1 } : { points: 0, ratio: 1 + amount.value / 100 };
}

function humanised(signal: string): string {
  const words = signal.replaceAll(/[._-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function wrongUnit(path: string, input: GuardInput, mend: string): InputIssue {
  return issue(`${path}.worse_by`, `${input.signal} cannot be limited in this unit.`, input.worse_by, mend);
}

function issue(path: string, message: string, seen: string | undefined, mend: string): InputIssue {
  return { path, message, ...(seen === undefined ? {} : { seen }), mend };
}

const KNOWN: ReadonlySet<string> = new Set(['http.errors', 'http.latency', 'http.ceiling']);
const MOST_BUCKETS = 53;
