import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import type { RolloutRecord } from './rollout-record.ts';
import { requireRollout, rolloutsIn } from './rollout-store.ts';
import { readingOf } from './rollout-view.ts';

/** The two paths of a rollout: which variants, since when, and how many units each has had in the present attempt. */
export interface RolloutPaths {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly flagKey: string;
  readonly newVariant: string;
  readonly oldVariant: string;
  /** Unix ms; null before the start. */
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  readonly newUnits: number;
  readonly oldUnits: number;
}

/** What is going out now. */
export async function openPaths(db: DatabaseConnection): Promise<readonly RolloutPaths[]> {
  return (await rolloutsIn(db, ['running', 'held'])).map(pathsOf);
}

/** By id, number or flag; throws `rollout.not-found`. */
export async function findPaths(db: DatabaseConnection, reference: string): Promise<RolloutPaths> {
  return pathsOf(await requireRollout(db, reference));
}

function pathsOf(record: RolloutRecord): RolloutPaths {
  const { plan, startedAt, ending } = record.state;
  const seen = readingOf(record)?.seen;
  return {
    id: record.id,
    number: record.number,
    title: plan.title,
    flagKey: plan.flagKey,
    newVariant: plan.canaryVariant,
    oldVariant: plan.controlVariant,
    startedAt,
    endedAt: ending?.at ?? null,
    newUnits: seen?.canary ?? 0,
    oldUnits: seen?.control ?? 0,
  };
}
