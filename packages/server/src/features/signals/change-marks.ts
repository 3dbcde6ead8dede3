import type { ChangeMark } from '@belay/protocol';
import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import { rolloutMarks } from '../changes/api.ts';
import { recordedIn } from './recorded-change-store.ts';
import { toneOf } from './change-words.ts';

export interface MarkQuery {
  readonly fromMs: number;
  readonly toMs: number;
  readonly service?: string | undefined;
}

/** Changes of all kinds as marks on a chart, oldest first. */
export async function changeMarks(db: DatabaseConnection, query: MarkQuery): Promise<ChangeMark[]> {
  const recorded = (await recordedIn(db, query)).map((change) => ({
    at: change.at,
    kind: change.kind,
    title: change.title,
    service: change.service,
    version: change.version,
    tone: toneOf(change.verdict),
    rolloutId: null,
    changeId: change.id,
  }));
  return [...recorded, ...(await rolloutMarks(db, query))].toSorted((a, b) => a.at - b.at);
}
