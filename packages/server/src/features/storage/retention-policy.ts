/** Days of arrival for which rows are kept: `rawDays` in full, then a weighted sample until `keepDays`. */
export interface Keeping {
  readonly rawDays: number;
  readonly keepDays: number;
}

/** Operations of which every trace is kept. `*` stands for anything. */
export interface CriticalOperation {
  readonly service?: string;
  readonly operation?: string;
}

export interface RetentionPolicy {
  readonly traces: Keeping;
  readonly logs: Keeping;
  readonly metricsDays: number;
  readonly errorsDays: number;
  readonly evaluationsDays: number;
  readonly outcomesDays: number;
  readonly minutesDays: number;
  readonly hoursDays: number;
  readonly daysDays: number;
  readonly services: Readonly<Record<string, { readonly traces?: Partial<Keeping>; readonly logs?: Partial<Keeping> }>>;
  readonly sampling: SamplingPolicy;
  /** Bytes of telemetry on disk above which raw rows are thinned early; null for what the disk allows. */
  readonly budgetBytes: number | null;
}

export interface SamplingPolicy {
  /** Share of ordinary traces and log records kept, 0 to 1. */
  readonly traces: number;
  readonly logs: number;
  /** A trace with an operation slower than this, and slower than 99% of its like, is kept. */
  readonly slowMs: number;
  readonly critical: readonly CriticalOperation[];
  /** Share of ordinary traces and records of one service. */
  readonly services: Readonly<Record<string, number>>;
}

/** What a day of arrival of a table should be like. */
export type DayState = 'raw' | 'thin' | 'gone';

/** The default state and the services that differ from it. */
export interface DayTarget {
  readonly state: DayState;
  readonly services: Readonly<Record<string, DayState>>;
}

/** Tables that are thinned before they go. */
export type ThinnedTable = 'spans' | 'logs';

export function isThinned(table: string): table is ThinnedTable {
  return table === 'spans' || table === 'logs';
}

/** How long a table keeps its rows; by its own default where the policy has no word for it. */
export function keepingOf(policy: RetentionPolicy, table: string, defaultDays: number): Keeping {
  if (table === 'spans') return policy.traces;
  if (table === 'logs') return policy.logs;
  const days = daysOf(policy, table) ?? defaultDays;
  return { rawDays: days, keepDays: days };
}

function daysOf(policy: RetentionPolicy, table: string): number | undefined {
  if (table === 'm_5m' || table === 'hist_5m') return policy.minutesDays;
  if (table === 'outcomes' || table === 'outcome_1m') return policy.outcomesDays;
  if (table.endsWith('_1m')) return policy.minutesDays;
  if (table.endsWith('_1h')) return policy.hoursDays;
  if (table.endsWith('_1d')) return policy.daysDays;
  if (table.startsWith('m_') || table === 'exemplars') return policy.metricsDays;
  if (table === 'evaluations') return policy.evaluationsDays;
  return ['error_events', 'sentry_sessions', 'check_ins'].includes(table) ? policy.errorsDays : undefined;
}

/** What a day that ended `ageDays` ago should be like; a service keeps at least what its own rule says. */
export function targetOf(policy: RetentionPolicy, table: ThinnedTable, ageDays: number): DayTarget {
  const signal = table === 'spans' ? 'traces' : 'logs';
  const common = policy[signal];
  const services = Object.entries(policy.services).flatMap(([service, own]) => {
    const keeping = { ...common, ...own[signal] };
    const state = stateAt(keeping, ageDays);
    return state === stateAt(common, ageDays) ? [] : [[service, state] as const];
  });
  return { state: stateAt(common, ageDays), services: Object.fromEntries(services) };
}

function stateAt({ rawDays, keepDays }: Keeping, ageDays: number): DayState {
  if (ageDays >= keepDays) return 'gone';
  return ageDays >= rawDays ? 'thin' : 'raw';
}

/** A text that is the same for the same target; what has been done to a day is remembered by it. */
export function targetKey({ state, services }: DayTarget): string {
  const exceptions = Object.entries(services).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [state, ...exceptions.map(([service, own]) => `${service}=${own}`)].join(';');
}

/** Whether nothing of the day is kept. */
export function isGone({ state, services }: DayTarget): boolean {
  return state === 'gone' && Object.values(services).every((own) => own === 'gone');
}
