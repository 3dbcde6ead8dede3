import type { IssueCounts } from '@belay/protocol';
import type { z } from 'zod';
import type { issueCountsQuery } from '@belay/protocol';
import { conditionOf, rangeOf } from './event-query.ts';
import { type IssueReading, isNew, matches, readFigures } from './issue-list.ts';
import { issuesByIds } from './issue-store.ts';

type CountsQuery = z.infer<typeof issueCountsQuery>;

const STEPS = 60;
const MARKS = 100;

/** Numbers over the list and the chart above it. */
export async function countIssues(reading: IssueReading, query: CountsQuery): Promise<IssueCounts> {
  const now = reading.clock.now();
  const filter = { ...query, ...rangeOf(query, now) };
  const since = query.since === undefined ? undefined : await reading.changeTime(query.since);
  const figures = await readFigures(reading, filter);
  const all = await issuesByIds(reading.db, [...figures.keys()]);
  const issues = all.filter(
    (issue) => matches(issue, query.search) && (since === undefined || issue.first_seen >= since),
  );
  const narrowed =
    issues.length === all.length ? filter : { ...filter, keys: issues.flatMap(({ id }) => reading.book.keysOf(id)) };
  const open = issues.filter(({ decision }) => decision.status === 'unresolved' || decision.status === 'regressed');
  const [chart, services, names, marks] = await Promise.all([
    readChart(reading, narrowed),
    readServices(reading, narrowed),
    readNames(reading, { from: filter.from, to: filter.to }),
    readMarks(reading, filter),
  ]);
  return {
    from: filter.from,
    to: filter.to,
    ...chart,
    open: open.length,
    new: open.filter((issue) => isNew(issue, now)).length,
    regressed: open.filter(({ decision }) => decision.status === 'regressed').length,
    spiking: open.filter(({ spike }) => spike !== null).length,
    services,
    ...names,
    marks,
  };
}

type Filter = Parameters<typeof conditionOf>[0];

async function readChart({ reader }: IssueReading, filter: Filter) {
  const stepMs = Math.max(60_000, Math.ceil((filter.to - filter.from) / STEPS / 60_000) * 60_000);
  const { where, parameters } = conditionOf(filter);
  const rows = await reader.rows<{ step: number; events: number }>(
    `SELECT intDiv(toUnixTimestamp64Milli(ts) - {from:Int64}, {step:Int64}) AS step, sum(weight) AS events
     FROM error_events WHERE ${where} GROUP BY step`,
    { name: 'errors.chart', parameters: { ...parameters, step: stepMs } },
  );
  const [total] = await reader.rows<{ users: number }>(
    `SELECT uniqIf(user_hash, user_hash != 0) AS users FROM error_events WHERE ${where}`,
    { name: 'errors.users', parameters },
  );
  const byStep = new Map(rows.map(({ step, events }) => [step, events]));
  const steps = Math.ceil((filter.to - filter.from) / stepMs);
  const points = Array.from({ length: steps }, (_, step) => ({
    at: filter.from + step * stepMs,
    events: byStep.get(step) ?? 0,
  }));
  return { stepMs, points, events: rows.reduce((sum, { events }) => sum + events, 0), users: total?.users ?? 0 };
}

async function readServices({ reader }: IssueReading, filter: Filter) {
  const { where, parameters } = conditionOf(filter);
  return reader.rows<{ service: string; events: number; issues: number }>(
    `SELECT toString(service) AS service, sum(weight) AS events, uniqExact(issue) AS issues FROM error_events
     WHERE ${where} GROUP BY service ORDER BY events DESC LIMIT 100`,
    { name: 'errors.services', parameters },
  );
}

async function readNames({ reader }: IssueReading, filter: Filter) {
  const { where, parameters } = conditionOf(filter);
  const [row] = await reader.rows<{ environments: string[]; releases: string[] }>(
    `SELECT groupUniqArray(50)(toString(environment)) AS environments, groupUniqArray(200)(toString(release)) AS releases
     FROM error_events WHERE ${where}`,
    { name: 'errors.names', parameters },
  );
  const sorted = (names: readonly string[] = []): string[] => names.filter((name) => name !== '').toSorted();
  return { environments: sorted(row?.environments), releases: sorted(row?.releases).toReversed() };
}

async function readMarks({ db }: IssueReading, { from, to }: Filter): Promise<IssueCounts['marks']> {
  const rows = await db
    .selectFrom('ledger')
    .select(['at', 'sentence', 'rollout_id'])
    .where('at', '>=', from)
    .where('at', '<', to)
    .where('kind', 'in', ['rollout.started', 'rollout.rolled-back', 'rollout.kept', 'change.recorded'])
    .orderBy('id', 'desc')
    .limit(MARKS)
    .execute();
  return rows.map((row) => ({ at: row.at, label: row.sentence, rolloutId: row.rollout_id })).toReversed();
}
