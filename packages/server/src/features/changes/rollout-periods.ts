import type { ChangeMark } from '@belay/protocol';
import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import { listRollouts } from './rollout-store.ts';

/** A stretch of time in which a bad change was out. */
export interface TakenBackPeriod {
  readonly fromMs: number;
  readonly toMs: number;
  readonly component: string;
}

/** Rollouts are looked through newest first; more than this many in a few weeks is no small team. */
const MOST = 200;

/** Rollouts that were taken back since a time: what was measured meanwhile is not usual. */
export async function takenBackPeriods(db: DatabaseConnection, sinceMs: number): Promise<TakenBackPeriod[]> {
  const { items } = await listRollouts(db, { limit: MOST, status: 'rolled-back' });
  return items.flatMap(({ state }) => {
    const { startedAt, ending, plan } = state;
    if (startedAt === null || ending === null || ending.at < sinceMs) return [];
    return [{ fromMs: startedAt, toMs: ending.at, component: plan.component }];
  });
}

/** Starts and ends of rollouts as marks on a chart, oldest first. */
export async function rolloutMarks(
  db: DatabaseConnection,
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): Promise<ChangeMark[]> {
  const { items } = await listRollouts(db, { limit: MOST });
  const marks = items.flatMap(({ id, state }): ChangeMark[] => {
    const { startedAt, ending, plan } = state;
    const mark = { title: plan.title, service: null, version: null, rolloutId: id, changeId: null };
    if (startedAt === null) return [];
    return [
      { ...mark, at: startedAt, kind: 'rollout', tone: 'live' },
      ...(ending === null
        ? []
        : [
            {
              ...mark,
              at: ending.at,
              kind: 'rollout-ended' as const,
              tone: ending.code === 'kept' ? ('ok' as const) : ('bad' as const),
            },
          ]),
    ];
  });
  return marks.filter(({ at }) => at >= fromMs && at < toMs).toSorted((a, b) => a.at - b.at);
}
