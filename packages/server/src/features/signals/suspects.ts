import type { SignalAlarm } from '@belay/protocol';
import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import { rolloutMarks } from '../changes/api.ts';
import { HOUR_MS } from './signals-context.ts';

const MOST = 5;

/** Changes from two hours before a deviation began until it was found, newest first: where to look. */
export async function suspectsOf(
  db: DatabaseConnection,
  {
    service,
    startedAt,
    raisedAt,
  }: { readonly service: string | null; readonly startedAt: number; readonly raisedAt: number },
): Promise<SignalAlarm['suspects']> {
  const range = { fromMs: startedAt - 2 * HOUR_MS, toMs: raisedAt };
  let select = db
    .selectFrom('recorded_changes')
    .select(['id', 'title', 'at'])
    .where('at', '>=', range.fromMs)
    .where('at', '<', range.toMs)
    .orderBy('at', 'desc')
    .limit(MOST);
  if (service !== null)
    select = select.where((where) => where.or([where('service', 'is', null), where('service', '=', service)]));
  const recorded = (await select.execute()).map(({ id, title, at }) => ({ at, changeId: id, rolloutId: null, title }));
  const rollouts = (await rolloutMarks(db, range)).map(({ at, rolloutId, title }) => ({
    at,
    changeId: null,
    rolloutId,
    title,
  }));
  return [...recorded, ...rollouts]
    .toSorted((a, b) => b.at - a.at)
    .slice(0, MOST)
    .map(({ changeId, rolloutId, title }) => ({ changeId, rolloutId, title }));
}
