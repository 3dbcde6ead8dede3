import { isGone, isThinned, keepingOf, type RetentionPolicy, targetKey, targetOf } from './retention-policy.ts';
import type { DayTarget } from './retention-policy.ts';

/** A day of arrival of one table. */
export interface StoredDay {
  readonly table: string;
  /** `2026-11-24` */
  readonly day: string;
  readonly rows: number;
  readonly bytes: number;
  /** What ageing has made of it so far: a target's key; `raw` before the first time. */
  readonly state: string;
}

export interface PlannedStep {
  readonly table: string;
  readonly day: string;
  readonly action: 'thin' | 'drop' | 'compact';
  readonly because: 'age' | 'budget' | 'disk';
  readonly rowsBefore: number;
  readonly bytesBefore: number;
  /** Estimated. */
  readonly bytesAfter: number;
  /** For `thin`. */
  readonly target?: DayTarget;
  /** What is remembered of the day afterwards. */
  readonly key: string;
}

export interface PlanInput {
  readonly now: number;
  readonly days: readonly StoredDay[];
  readonly policy: RetentionPolicy;
  readonly defaultDays: (table: string) => number;
  /** Unix ms of arrival through which the table's rollups are complete; infinite for tables without. */
  readonly rolledThrough: (table: string) => number;
  /** Whether the rollup's day can be put together, because coarser rollups have what they need of it. */
  readonly isCompactable: (table: string, dayEnd: number) => boolean;
  /** Bytes that must become free for the disk's sake. */
  readonly missingBytes: number;
}

const DAY_MS = 86_400_000;
/** Rows of a day may still be in flight for a moment after midnight. */
const SETTLED_MS = 600_000;

/** What should be done now, oldest days first: by age, then for the budget, then for the disk. */
export function planAgeing(input: PlanInput): PlannedStep[] {
  const days = input.days.toSorted((a, b) => (a.day < b.day ? -1 : 1));
  const byAge = days.flatMap((day) => stepByAge(day, input));
  const total = days.reduce((sum, { bytes }) => sum + bytes, 0);
  const saved = byAge.reduce((sum, { bytesBefore, bytesAfter }) => sum + bytesBefore - bytesAfter, 0);
  const overBudget = input.policy.budgetBytes === null ? 0 : total - saved - input.policy.budgetBytes;
  const missing = input.missingBytes - saved;
  if (Math.max(overBudget, missing) <= 0) return byAge;
  const because = overBudget >= missing ? 'budget' : 'disk';
  return shorten({ input, days, done: byAge, wanted: Math.max(overBudget, missing), because });
}

function stepByAge(day: StoredDay, input: PlanInput): PlannedStep[] {
  const ageDays = (input.now - endOf(day.day)) / DAY_MS;
  if (!isSettled(day, input)) return [];
  const { table } = day;
  if (isThinned(table)) {
    const target = targetOf(input.policy, table, ageDays);
    if (isGone(target)) return [dropStep(day, 'age')];
    const key = targetKey(target);
    return key === day.state || key === 'raw' ? [] : [thinStep(day, target, { because: 'age', policy: input.policy })];
  }
  const { keepDays } = keepingOf(input.policy, table, input.defaultDays(table));
  if (ageDays >= keepDays) return [dropStep(day, 'age')];
  const isLoose = day.state !== 'compact' && input.isCompactable(table, endOf(day.day));
  return isLoose ? [compactStep(day)] : [];
}

/** Nothing is touched that may still grow, or that its rollups have not seen. */
function isSettled(day: StoredDay, input: PlanInput): boolean {
  const end = endOf(day.day);
  return input.now >= end + SETTLED_MS && input.rolledThrough(day.table) >= end;
}

interface Shortening {
  readonly input: PlanInput;
  readonly days: readonly StoredDay[];
  readonly done: readonly PlannedStep[];
  readonly wanted: number;
  readonly because: 'budget' | 'disk';
}

/** Raw days give way first, then samples, then points of metrics; outcomes and rollups never do. */
function shorten({ input, days, done, wanted, because }: Shortening): PlannedStep[] {
  const steps = [...done];
  let left = wanted;
  const replace = (step: PlannedStep): void => {
    const index = steps.findIndex(({ table, day }) => table === step.table && day === step.day);
    const before = steps[index];
    if (before === undefined) steps.push(step);
    else steps[index] = step;
    left -= (before?.bytesAfter ?? step.bytesBefore) - step.bytesAfter;
  };
  const settled = days.filter((day) => isSettled(day, input));
  const raw = settled.filter(({ table, state }) => isThinned(table) && state === 'raw');
  for (const day of raw) {
    if (left <= 0) return steps;
    if (steps.some(({ table, day: at }) => table === day.table && at === day.day)) continue;
    replace(thinStep(day, { state: 'thin', services: {} }, { because, policy: input.policy }));
  }
  const samples = settled.filter(({ table }) => isThinned(table));
  const points = settled.filter(({ table }) => /^m_(num|hist|exp|summary)$|^exemplars$/.test(table));
  for (const day of [...samples, ...points]) {
    if (left <= 0) return steps;
    if (steps.some(({ table, day: at, action }) => table === day.table && at === day.day && action === 'drop'))
      continue;
    replace(dropStep(day, because));
  }
  return steps;
}

function thinStep(
  day: StoredDay,
  target: DayTarget,
  { because, policy }: { readonly because: PlannedStep['because']; readonly policy: RetentionPolicy },
): PlannedStep {
  const rate = day.table === 'spans' ? policy.sampling.traces : policy.sampling.logs;
  // What is kept in full was 2 to 5% on measured days.
  const share = target.state === 'gone' ? 0.2 : Math.min(1, rate + 0.05);
  const isThin = day.state.startsWith('thin');
  return {
    ...stepOf(day, because),
    action: 'thin',
    bytesAfter: isThin ? day.bytes : Math.round(day.bytes * share),
    target,
    key: targetKey(target),
  };
}

function dropStep(day: StoredDay, because: PlannedStep['because']): PlannedStep {
  return { ...stepOf(day, because), action: 'drop', bytesAfter: 0, key: 'gone' };
}

function compactStep(day: StoredDay): PlannedStep {
  return { ...stepOf(day, 'age'), action: 'compact', bytesAfter: Math.round(day.bytes * 0.9), key: 'compact' };
}

function stepOf({ table, day, rows, bytes }: StoredDay, because: PlannedStep['because']) {
  return { table, day, because, rowsBefore: rows, bytesBefore: bytes };
}

/** End of a day, Unix ms. */
export function endOf(day: string): number {
  return Date.parse(`${day}T00:00:00Z`) + DAY_MS;
}
