import { randomBytes } from 'node:crypto';
import { createBudgetBook, type BudgetBook } from './budget-book.ts';
import { isSafeDatabaseError, SafeDatabaseError } from './errors.ts';
import { createFingerprints, type Fingerprint } from './fingerprint.ts';
import { currentOperation, type Operation } from './operation.ts';
import { openReporter, type Reporter } from './reporter.ts';
import { watchRequests } from './request-watch.ts';
import type { DatabaseWatch, Finding, OperationRecord, SafeDatabaseOptions } from './types.ts';
import { createUsualValues, type UsualValues } from './usual-values.ts';

/** Sees every operation and statement of one database, and costs it about a microsecond each. */
export interface Observer extends DatabaseWatch {
  readonly mode: NonNullable<SafeDatabaseOptions['mode']>;
  begin(name: string, isWrite: boolean): Operation;
  /** Begins another try: what the one before needed does not count. */
  retry(operation: Operation): void;
  /**
   * Counts one statement that took `ms`. Throws where the operation needs too much and that is to be an error.
   */
  statement(operation: Operation | undefined, sql: string, seen: { readonly ms: number; readonly rows: number }): void;
  /** What stands against committing: side effects that a second try would repeat. */
  beforeCommit(operation: Operation): void;
  end(operation: Operation, outcome: OperationRecord['outcome'], error?: unknown): void;
  find(
    operation: Operation,
    finding: Omit<Finding, 'operation' | 'operationId' | 'at' | 'plan' | 'fingerprint'> & Partial<Finding>,
  ): void;
  fingerprint(sql: string): Fingerprint;
}

/** What an observer needs of a database. */
export interface ObserverParts {
  readonly options: SafeDatabaseOptions;
  /** `sqlite` or `postgresql`, OpenTelemetry's names. */
  readonly system: string;
  /** The plan of a statement, asked for later and elsewhere; undefined where there is none. */
  readonly explain: (sql: string) => Promise<string | undefined>;
}

const MOST_FINDINGS = 200;
const MOST_STATEMENTS = 500;
const REPEATED = 10;
const REPEATED_MS = 50;
const REPEATED_IN_TEST = 25;
const ENOUGH_FOR_P99 = 100;

/** An observer that has seen nothing yet. */
export function createObserver(parts: ObserverParts): Observer {
  const { options } = parts;
  const state = createState(parts);
  // A counter behind a random part is as unique as a random id, at a tenth of its cost.
  const prefix = randomBytes(9).toString('base64url');
  let count = 0;
  return {
    mode: state.mode,
    fingerprint: state.fingerprint,
    begin: (name, isWrite) => ({
      id: `${prefix}-${(count += 1)}`,
      name,
      actor: options.actor?.()?.slice(0, 200),
      at: Date.now(),
      startedAt: performance.now(),
      database: state,
      isWrite,
      statements: [],
      queries: 0,
      rows: 0,
      attempt: 1,
      hasEnded: false,
      ms: 0,
      outcome: 'unknown',
      error: undefined,
      sideEffects: [],
    }),
    retry(operation) {
      operation.attempt += 1;
      operation.statements = [];
      operation.queries = 0;
      operation.rows = 0;
    },
    statement: (operation, sql, seen) => countStatement(state, { operation, sql, ...seen }),
    beforeCommit: (operation) => refuseSideEffects(state, operation),
    end: (operation, outcome, error) => endOperation(state, { operation, outcome, error }),
    find: (operation, finding) => find(state, operation, finding),
    operations: () => [...state.ring.slice(state.at), ...state.ring.slice(0, state.at)].map(recordOf),
    findings: () => [...state.findings],
    learnt: () => state.book.learnt(),
    async close(deadlineMs = 2000) {
      state.stopWatching();
      await state.reporter?.close(deadlineMs);
    },
  };
}

interface State extends ObserverParts {
  readonly mode: NonNullable<SafeDatabaseOptions['mode']>;
  readonly fingerprint: (sql: string) => Fingerprint;
  readonly book: BudgetBook;
  readonly usual: Map<Fingerprint | undefined, UsualValues>;
  readonly findings: Finding[];
  readonly ring: Operation[];
  readonly most: number;
  /** Where the next operation goes once the ring is full. */
  at: number;
  readonly explained: Map<string, number>;
  readonly reporter: Reporter | undefined;
  readonly stopWatching: () => void;
}

function createState(parts: ObserverParts): State {
  const { options } = parts;
  const mode = options.mode ?? modeOf(process.env['NODE_ENV']);
  const usual: State['usual'] = new Map();
  return {
    ...parts,
    mode,
    fingerprint: createFingerprints(),
    book: createBudgetBook(options),
    usual,
    findings: [],
    ring: [],
    most: Math.min(100_000, Math.max(1, options.keepOperations ?? 1000)),
    at: 0,
    explained: new Map(),
    reporter: openReporter({ report: options.report, name: options.name ?? 'database', system: parts.system, usual }),
    stopWatching: mode === 'production' ? () => undefined : watchRequests(),
  };
}

function modeOf(environment: string | undefined): State['mode'] {
  return environment === 'test' || environment === 'development' ? environment : 'production';
}

interface Seen {
  readonly operation: Operation | undefined;
  readonly sql: string;
  readonly ms: number;
  readonly rows: number;
}

function countStatement(state: State, { operation = currentOperation.getStore(), sql, ms, rows }: Seen): void {
  const fingerprint = state.fingerprint(sql);
  usualOf(state, fingerprint).add(ms / 1000);
  if (operation === undefined || operation.hasEnded) return;
  operation.queries += 1;
  operation.rows += rows;
  let sums = operation.statements.find((known) => known.fingerprint === fingerprint);
  if (sums === undefined) {
    sums = { fingerprint, count: 0, ms: 0, rows: 0, isTold: false };
    operation.statements.push(sums);
  }
  sums.count += 1;
  sums.ms += ms;
  sums.rows += rows;
  if (ms > (state.options.slowMs ?? 50)) noteSlow(state, { operation, sql, fingerprint, ms });
  if (sums.count >= REPEATED && fingerprint.verb === 'SELECT') noteRepeated(state, { operation, fingerprint, sums });
  if (state.options.budgetMode === 'throw') refuseOverBudget(state, operation);
}

function usualOf(state: State, fingerprint: Fingerprint): UsualValues {
  let usual = state.usual.get(fingerprint);
  if (usual !== undefined) return usual;
  const key = state.usual.size >= MOST_STATEMENTS ? undefined : fingerprint;
  usual = state.usual.get(key) ?? createUsualValues();
  state.usual.set(key, usual);
  return usual;
}

function noteSlow(
  state: State,
  { operation, sql, fingerprint, ms }: { operation: Operation; sql: string; fingerprint: Fingerprint; ms: number },
): void {
  const usual = usualOf(state, fingerprint);
  const p99 = usual.count() >= ENOUGH_FOR_P99 ? (usual.quantile(0.99) ?? 0) * 1000 : 0;
  if (ms <= 2 * p99) return;
  const facts = { ms: Math.round(ms), ...(p99 > 0 ? { usual_p99_ms: Math.round(p99) } : {}) };
  const message = `A query took ${Math.round(ms)} ms.`;
  const finding = { kind: 'slow-query', severity: 'warn', message, fingerprint: fingerprint.text, facts } as const;
  find(state, operation, finding);
  // One plan per statement and quarter of an hour, and never within the operation that is waiting.
  if ((state.explained.get(fingerprint.text) ?? -Infinity) > performance.now() - 900_000) return;
  if (state.explained.size > MOST_STATEMENTS) state.explained.clear();
  state.explained.set(fingerprint.text, performance.now());
  setImmediate(() => {
    void state.explain(sql).then(
      (plan) => {
        if (plan !== undefined) find(state, operation, { ...finding, message: 'The plan of a slow query.', plan });
      },
      // A plan is a help; a database that does not give it has told why to whoever asks it the query itself.
      () => undefined,
    );
  });
}

function noteRepeated(
  state: State,
  {
    operation,
    fingerprint,
    sums,
  }: { operation: Operation; fingerprint: Fingerprint; sums: { count: number; ms: number; isTold: boolean } },
): void {
  const isTooOften = state.mode === 'test' && sums.count >= REPEATED_IN_TEST;
  if (sums.isTold ? !isTooOften : !isTooOften && sums.ms < REPEATED_MS) return;
  const message = `The same query ran ${sums.count} times in one operation; one query with a list of keys would do.`;
  if (!sums.isTold || isTooOften) {
    sums.isTold = true;
    const facts = { count: sums.count, ms: Math.round(sums.ms) };
    const severity = isTooOften ? 'error' : 'warn';
    find(state, operation, { kind: 'repeated-query', severity, message, fingerprint: fingerprint.text, facts });
  }
  if (!isTooOften) return;
  throw new SafeDatabaseError('write.repeated-query', message, {
    hint: `Read what is needed in one query before the loop: ${fingerprint.text}`,
  });
}

function refuseOverBudget(state: State, operation: Operation): void {
  const over = overBudget(state, operation);
  if (over === undefined) return;
  throw new SafeDatabaseError('write.over-budget', `"${operation.name}" needs more than its budget: ${over}.`, {
    hint: 'Mend the operation, or give it a larger budget in "budgets".',
  });
}

function overBudget(state: State, operation: Operation): string | undefined {
  const budget = state.book.budgetOf(operation.name);
  if (budget === undefined) return undefined;
  const ms = performance.now() - operation.startedAt;
  if (operation.queries > (budget.queries ?? Infinity)) return `${operation.queries} queries of ${budget.queries}`;
  if (operation.rows > (budget.rows ?? Infinity)) return `${operation.rows} rows of ${budget.rows}`;
  return ms > (budget.ms ?? Infinity) ? `${Math.round(ms)} ms of ${budget.ms}` : undefined;
}

function refuseSideEffects(state: State, operation: Operation): void {
  const [first] = operation.sideEffects;
  if (first === undefined) return;
  const message = `A request to ${first} was made inside a write; a second try of the write would make it again.`;
  const severity = state.mode === 'test' ? 'error' : 'warn';
  find(state, operation, { kind: 'side-effect', severity, message, facts: { count: operation.sideEffects.length } });
  operation.sideEffects = [];
  if (state.mode !== 'test') return;
  throw new SafeDatabaseError('write.side-effect', message, { hint: 'Make it in tx.onCommit(() => ...).' });
}

function endOperation(
  state: State,
  { operation, outcome, error }: { operation: Operation; outcome: OperationRecord['outcome']; error: unknown },
): void {
  operation.hasEnded = true;
  operation.ms = performance.now() - operation.startedAt;
  operation.outcome = outcome;
  operation.error = nameOf(error);
  if (state.ring.length < state.most) state.ring.push(operation);
  else {
    state.ring[state.at] = operation;
    state.at = (state.at + 1) % state.most;
  }
  const { name, ms, rows, queries } = operation;
  if (outcome === 'committed' || outcome === 'read') {
    const mode = state.options.budgetMode ?? 'warn';
    const over = mode === 'warn' ? overBudget(state, operation) : undefined;
    if (over !== undefined) {
      const message = `"${name}" needs more than its budget: ${over}.`;
      find(state, operation, { kind: 'over-budget', severity: 'warn', message, facts: {} });
    }
    if (mode !== 'off') state.book.add(name, { queries, ms, rows });
  }
  state.reporter?.operation(operation);
  if (state.options.onOperation !== undefined) tell(state.options.onOperation, recordOf(operation));
}

/** Made when somebody asks: most operations are never looked at. */
function recordOf(operation: Operation): OperationRecord {
  const { id, name, actor, at, ms, outcome, rows, error } = operation;
  const statements = operation.statements.map(({ fingerprint, count, ms: took, rows: seen }) => ({
    fingerprint: fingerprint.text,
    count,
    ms: took,
    rows: seen,
  }));
  const tables = [...new Set(operation.statements.flatMap(({ fingerprint }) => fingerprint.tables))];
  return { id, name, actor, at, ms, outcome, retries: operation.attempt - 1, tables, rows, statements, error };
}

/** Messages of drivers quote values, so only names and codes are kept. */
function nameOf(error: unknown): string | undefined {
  if (error === undefined) return undefined;
  if (isSafeDatabaseError(error)) return error.code;
  if (!(error instanceof Error)) return typeof error;
  return 'code' in error && typeof error.code === 'string' ? `${error.name}: ${error.code}` : error.name;
}

function find(
  state: State,
  operation: Operation,
  finding: Omit<Finding, 'operation' | 'operationId' | 'at' | 'plan' | 'fingerprint'> & Partial<Finding>,
): void {
  const whole: Finding = {
    fingerprint: undefined,
    plan: undefined,
    operation: operation.name,
    operationId: operation.id,
    at: Date.now(),
    ...finding,
  };
  state.findings.push(whole);
  if (state.findings.length > MOST_FINDINGS) state.findings.shift();
  state.reporter?.finding(whole);
  tell(state.options.onFinding, whole);
}

/** What the application's listener does wrong is not the database's fault. */
function tell<Told>(listener: ((told: Told) => void) | undefined, told: Told): void {
  try {
    listener?.(told);
  } catch (error) {
    process.emitWarning(
      `a listener of the safe database failed: ${error instanceof Error ? error.message : 'unknown'}`,
      {
        type: 'BelayWarning',
      },
    );
  }
}
