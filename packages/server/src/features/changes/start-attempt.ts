import { BelayError } from '@belay/core';
import { engineOptionsOf, startConflicts, type RolloutPlan, type StartConflict } from '@belay/core/rollout';
import { bucketPairsOf, createEngineConfig, createGuardEngine, type Baseline } from '@belay/core/statistics';
import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import type { ChangesContext } from './changes-context.ts';
import type { RolloutEngine, RolloutRecord } from './rollout-record.ts';
import { listRollouts, rolloutsIn } from './rollout-store.ts';

/** What the old path did over the last day, frozen with the attempt. */
export interface History {
  readonly baseline: Baseline;
  /** Units per minute over the time in which there were any; null without data. */
  readonly unitsPerMinute: number | null;
  readonly p95Ms: number | null;
}

/** Fresh statistics for an attempt that begins now. */
export function engineFor(plan: RolloutPlan, history: History, now: number): RolloutEngine {
  const config = createEngineConfig(engineOptionsOf(plan, history.baseline));
  const fromSecond = Math.floor(now / 1000);
  return { config, state: createGuardEngine(config), sinceRevision: 0, fromSecond, readThrough: fromSecond - 1 };
}

/** Reads the last day of the old path. Throws `telemetry.unavailable` when the store does not answer. */
export async function readHistory(context: ChangesContext, flagKey: string, variant: string): Promise<History> {
  const now = context.clock.now();
  const past = await context.telemetry.readBaseline({ flagKey, variant, fromMs: now - DAY, throughMs: now });
  const minutes = past.activeMs / 60_000;
  const unitsPerMinute = minutes >= 1 ? past.units / minutes : null;
  if (past.units < ENOUGH) return { baseline: {}, unitsPerMinute, p95Ms: null };
  const duration = bucketPairsOf(past.duration);
  const values = Object.fromEntries(
    [...past.values].map(([name, histogram]) => [name, { units: past.units, buckets: bucketPairsOf(histogram) }]),
  );
  return {
    baseline: { errorRate: past.errors / past.units, duration, values },
    unitsPerMinute,
    p95Ms: quantileOf(duration, 0.95),
  };
}

/** Everything policy has against starting this plan now. `except`: the rollout itself. */
export async function conflictsOf(
  context: ChangesContext,
  db: DatabaseConnection,
  subject: { readonly plan: RolloutPlan; readonly except: string | null },
): Promise<readonly StartConflict[]> {
  const { plan, except } = subject;
  const now = context.clock.now();
  const open = await rolloutsIn(db, ['scheduled', 'running', 'held']);
  const { items } = await listRollouts(db, { limit: 50, flag: plan.flagKey });
  const previous = items.find(
    ({ state }) => state.plan.canaryVariant === plan.canaryVariant && state.startedAt !== null,
  );
  return startConflicts(plan, {
    now,
    freeze: await context.freeze(db, now),
    goingOut: open
      .filter(({ id, state }) => id !== except && isSameThing(state.plan, plan))
      .map(({ id, state }) => ({ id, title: state.plan.title, flagKey: state.plan.flagKey })),
    previous: previous?.state.status === 'rolled-back' ? previous.state : null,
    clockTime: (at) => context.clockTime(at, 'minute'),
  });
}

/** Throws the first conflict; the others stand in its details. */
export function refuseConflicts(conflicts: readonly StartConflict[]): void {
  const [first] = conflicts;
  if (first === undefined) return;
  throw new BelayError(first.code, first.sentence, {
    hint: first.hint,
    details: { ...first.details, conflicts: conflicts.map(({ code, sentence }) => ({ code, sentence })) },
  });
}

/** The latest started rollout of the same change: its failures count for this one. */
export async function failuresBefore(db: DatabaseConnection, plan: RolloutPlan): Promise<RolloutRecord | undefined> {
  const { items } = await listRollouts(db, { limit: 50, flag: plan.flagKey });
  return items.find(({ state }) => state.plan.canaryVariant === plan.canaryVariant && state.startedAt !== null);
}

function isSameThing(a: RolloutPlan, b: RolloutPlan): boolean {
  return a.component === b.component || a.flagKey === b.flagKey;
}

function quantileOf(pairs: readonly (readonly [number, number])[], quantile: number): number | null {
  const total = pairs.reduce((sum, [, count]) => sum + count, 0);
  let seen = 0;
  for (const [index, count] of pairs) {
    seen += count;
    if (seen >= quantile * total) return 2 ** ((index + 1) / 16);
  }
  return null;
}

const DAY = 86_400_000;
/** Below this the past says little; the engine then learns from the first control units. */
const ENOUGH = 200;
