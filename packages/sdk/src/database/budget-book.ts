import type { OperationBudget, SafeDatabaseOptions } from './types.ts';
import { createUsualValues, type UsualValues } from './usual-values.ts';

/** What operations needed so far, and may need. */
export interface BudgetBook {
  /** Budget of an operation: the given one, else the learnt one, else none. */
  budgetOf(name: string): OperationBudget | undefined;
  /** Counts an operation that ended well. */
  add(name: string, used: Required<OperationBudget>): void;
  learnt(): Record<string, OperationBudget>;
}

/** Operations before a budget is learnt. */
const ENOUGH = 100;
/** Operations between two looks at what was learnt: it moves slowly. */
const LOOK_EVERY = 1000;
const MOST_NAMES = 500;
const ALLOWANCE = 1.2;
/** Less is no budget worth a warning. */
const LEAST = { queries: 5, ms: 20, rows: 50 } as const;

interface Habit {
  readonly queries: UsualValues;
  readonly ms: UsualValues;
  readonly rows: UsualValues;
  count: number;
  budget: OperationBudget | undefined;
}

/** A book with what an earlier process learnt; learning p99 + 20% goes on from there. */
export function createBudgetBook({ budgets, learnt }: Pick<SafeDatabaseOptions, 'budgets' | 'learnt'>): BudgetBook {
  const given = new Map(Object.entries(budgets ?? {}));
  const before = new Map(Object.entries(learnt ?? {}));
  const habits = new Map<string, Habit>();
  const habitOf = (name: string): Habit | undefined => {
    const known = habits.get(name);
    if (known !== undefined || habits.size >= MOST_NAMES) return known;
    const made = {
      queries: createUsualValues(),
      ms: createUsualValues(),
      rows: createUsualValues(),
      count: 0,
      budget: before.get(name),
    };
    habits.set(name, made);
    return made;
  };
  return {
    budgetOf: (name) => given.get(name) ?? habits.get(name)?.budget ?? before.get(name),
    add(name, used) {
      const habit = habitOf(name);
      if (habit === undefined) return;
      habit.queries.add(used.queries);
      habit.ms.add(used.ms);
      habit.rows.add(used.rows);
      habit.count += 1;
      if (habit.count === ENOUGH || habit.count % LOOK_EVERY === 0) habit.budget = learn(habit);
    },
    learnt: () => ({
      ...Object.fromEntries(before),
      ...Object.fromEntries(
        [...habits].flatMap(([name, { budget }]) => (budget === undefined ? [] : [[name, budget] as const])),
      ),
    }),
  };
}

function learn({ queries, ms, rows }: Habit): OperationBudget {
  const limit = (values: UsualValues, least: number): number =>
    Math.max(least, Math.ceil((values.quantile(0.99) ?? 0) * ALLOWANCE));
  return { queries: limit(queries, LEAST.queries), ms: limit(ms, LEAST.ms), rows: limit(rows, LEAST.rows) };
}
