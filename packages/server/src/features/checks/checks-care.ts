import type { Care } from '../changes/api.ts';
import type { DatabaseConnection } from '../../platform/sqlite/database.ts';
import { listChecks } from './check-queries.ts';
import { toneOf } from './check-words.ts';

const KINDS = [
  ['probe', 'Golden paths'],
  ['health', 'Health'],
] as const;

/** What checks say on the first screen: a line per kind that has any, and the checks that are down. */
export async function checksCare(db: DatabaseConnection): Promise<Care> {
  const net: Care['net'][number][] = [];
  const todos: Care['todos'][number][] = [];
  for (const [kind, title] of KINDS) {
    const { items, counts, total, headline, tone } = await listChecks(db, { kind, limit: 3 });
    if (total === 0) continue;
    net.push({ tone, title, detail: headline, state: `${counts.up + counts.warn} of ${total}` });
    for (const check of items) {
      if (check.status !== 'down' || check.mutedBy !== null) continue;
      todos.push({
        tone: toneOf(check.status),
        title: `${check.title} is down`,
        detail: check.text,
        verb: 'Look',
        href: `/checks/${encodeURIComponent(check.id)}`,
      });
    }
  }
  return { net, todos };
}
