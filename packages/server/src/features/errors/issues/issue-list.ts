import { BelayError } from '@belay/core';
import type { IssueListQuery, IssuePage, IssueSummary, NewPathError } from '@belay/protocol';
import type { Database } from '../../../platform/sqlite/database.ts';
import type { TelemetryReader } from '../../telemetry/api.ts';
import { conditionOf, type EventFilter, rangeOf, sparkStep } from './event-query.ts';
import { issuesByIds, type IssueRecord } from './issue-store.ts';
import type { KeyBook } from './key-book.ts';
import { culpritOf, type NewPaths } from './new-paths.ts';
import { spikeSentence } from './spike-watch.ts';

export interface IssueReading {
  readonly db: Database;
  readonly reader: TelemetryReader;
  readonly book: KeyBook;
  readonly clock: { now(): number };
  readonly newPaths: NewPaths;
  /** When a change happened, Unix ms; throws `change.not-found`. */
  readonly changeTime: (id: string) => Promise<number>;
}

/** What a range of events says of one issue. */
export interface IssueFigures {
  events: number;
  users: number;
  recent: number;
  lastAt: number;
}

const DAY_MS = 86_400_000;
const KEYS = 50_000;

/** The issues that have events in the range, filtered and sorted. */
export async function listIssues(reading: IssueReading, query: IssueListQuery): Promise<IssuePage> {
  const now = reading.clock.now();
  const filter = { ...query, ...rangeOf(query, now) };
  const figures = await readFigures(reading, filter);
  const [issues, newPaths] = await Promise.all([
    issuesByIds(reading.db, [...figures.keys()]),
    reading.newPaths.current(),
  ]);
  const since = query.since === undefined ? undefined : await reading.changeTime(query.since);
  const wanted = issues.filter((issue) => isWanted(issue, { query, since, now, newPaths }));
  const sorted = wanted.toSorted(comparison(query.sort, figures));
  const start = startOf(query.cursor);
  const shown = sorted.slice(start, start + query.limit);
  const items = await summarise(reading, { issues: shown, figures, newPaths, filter });
  const next = sorted.length > start + query.limit ? String(start + query.limit) : null;
  return { items, next, total: sorted.length };
}

/** Events, users and newest event by issue. Users of merged issues are counted once per key. */
export async function readFigures(
  { reader, book }: Pick<IssueReading, 'reader' | 'book'>,
  filter: EventFilter,
): Promise<Map<string, IssueFigures>> {
  const { where, parameters } = conditionOf(filter);
  const rows = await reader.rows<{ key: string } & IssueFigures>(
    `SELECT leftPad(lower(hex(issue)), 16, '0') AS key, sum(weight) AS events, uniqIf(user_hash, user_hash != 0) AS users,
       sumIf(weight, ts >= fromUnixTimestamp64Milli({recent:Int64}, 'UTC')) AS recent, toUnixTimestamp64Milli(max(ts)) AS lastAt
     FROM error_events WHERE ${where} GROUP BY issue ORDER BY events DESC LIMIT ${KEYS}`,
    { name: 'errors.top', parameters: { ...parameters, recent: filter.to - (filter.to - filter.from) / 4 } },
  );
  const figures = new Map<string, IssueFigures>();
  for (const { key, events, users, recent, lastAt } of rows) {
    const id = book.issueOf(key);
    if (id === undefined) continue;
    const known = figures.get(id) ?? { events: 0, users: 0, recent: 0, lastAt: 0 };
    figures.set(id, {
      events: known.events + events,
      users: known.users + users,
      recent: known.recent + recent,
      lastAt: Math.max(known.lastAt, lastAt),
    });
  }
  return figures;
}

interface Wanting {
  readonly query: IssueListQuery;
  readonly since: number | undefined;
  readonly now: number;
  readonly newPaths: ReadonlyMap<string, NewPathError>;
}

function isWanted(issue: IssueRecord, { query, since, now, newPaths }: Wanting): boolean {
  const { status } = issue.decision;
  if (query.state === 'open' && status !== 'unresolved' && status !== 'regressed') return false;
  if (query.state !== 'open' && query.state !== 'all' && status !== query.state) return false;
  if (query.assignee !== undefined && issue.assignee !== query.assignee) return false;
  if (since !== undefined && !isSince(issue, since)) return false;
  if (query.only === 'new' && !isNew(issue, now)) return false;
  if (query.only === 'spiking' && issue.spike === null) return false;
  if (query.only === 'new-path' && !newPaths.has(issue.id)) return false;
  return matches(issue, query.search);
}

/** First seen since then, or come back since then. */
function isSince(issue: IssueRecord, since: number): boolean {
  return issue.first_seen >= since || (issue.decision.status === 'regressed' && issue.decision.since >= since);
}

/** Every word must be found; `E-17` finds by number. */
export function matches(issue: IssueRecord, search: string | undefined): boolean {
  const words = (search ?? '')
    .toLowerCase()
    .split(/\s+/u)
    .filter((word) => word !== '');
  return words.every(
    (word) => issue.search_text.includes(word) || word === `e-${issue.number}` || issue.service.toLowerCase() === word,
  );
}

export function isNew(issue: IssueRecord, now: number): boolean {
  return now - issue.first_seen < DAY_MS;
}

function comparison(sort: IssueListQuery['sort'], figures: ReadonlyMap<string, IssueFigures>) {
  const of = ({ id }: IssueRecord): IssueFigures => figures.get(id) ?? { events: 0, users: 0, recent: 0, lastAt: 0 };
  const rank = (issue: IssueRecord): number => {
    const { events, users, recent, lastAt } = of(issue);
    if (sort === 'events') return events;
    if (sort === 'users') return users;
    if (sort === 'first-seen') return issue.first_seen;
    // A quarter of the events in the last quarter of the time is no trend.
    if (sort === 'trend') return (issue.spike === null ? 0 : 1e12) + recent - (events - recent) / 3;
    return lastAt;
  };
  return (a: IssueRecord, b: IssueRecord): number => rank(b) - rank(a) || b.number - a.number;
}

function startOf(cursor: string | undefined): number {
  if (cursor === undefined) return 0;
  if (/^\d{1,7}$/u.test(cursor)) return Number(cursor);
  throw new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [
      { path: 'cursor', message: 'is no place in this list', seen: cursor.slice(0, 40), mend: 'use "next" of a page' },
    ],
  });
}

interface Summarising {
  readonly issues: readonly IssueRecord[];
  readonly figures: ReadonlyMap<string, IssueFigures>;
  readonly newPaths: ReadonlyMap<string, NewPathError>;
  readonly filter: EventFilter;
}

/** Lines of the list, with their small charts. */
export async function summarise(
  reading: IssueReading,
  { issues, figures, newPaths, filter }: Summarising,
): Promise<IssueSummary[]> {
  const sparks = await readSparks(reading, issues, filter);
  const now = reading.clock.now();
  return issues.map((issue) => {
    const { events = 0, users = 0 } = figures.get(issue.id) ?? {};
    return {
      id: issue.id,
      number: issue.number,
      title: issue.title,
      type: issue.type,
      value: issue.value,
      level: levelOf(issue.level),
      culprit: culpritOf(issue),
      service: issue.service,
      services: [issue.service],
      platform: issue.platform,
      handled: issue.handled,
      firstSeen: issue.first_seen,
      lastSeen: issue.last_seen,
      events,
      eventsTotal: issue.events,
      users,
      sparkline: sparks(issue.id),
      state: issue.decision.status,
      stateSentence: issue.state_sentence,
      isNew: isNew(issue, now),
      spike: issue.spike === null ? null : { ...issue.spike, sentence: spikeSentence(issue.spike) },
      onlyOnNewPath: newPaths.get(issue.id) ?? null,
      firstRelease: issue.first_release,
      lastRelease: issue.last_release,
      assignee: issue.assignee,
    };
  });
}

export function levelOf(level: string): IssueSummary['level'] {
  return level === 'fatal' || level === 'warning' || level === 'info' || level === 'debug' ? level : 'error';
}

async function readSparks({ reader, book }: IssueReading, issues: readonly IssueRecord[], filter: EventFilter) {
  const stepMs = sparkStep(filter);
  const steps = Math.ceil((filter.to - filter.from) / stepMs);
  const empty = (): number[] => Array.from({ length: steps }, () => 0);
  const counts = new Map(issues.map(({ id }) => [id, empty()]));
  if (issues.length > 0) {
    const { where, parameters } = conditionOf({ ...filter, keys: issues.flatMap(({ id }) => book.keysOf(id)) });
    const rows = await reader.rows<{ key: string; step: number; events: number }>(
      `SELECT leftPad(lower(hex(issue)), 16, '0') AS key, intDiv(toUnixTimestamp64Milli(ts) - {from:Int64}, {step:Int64}) AS step,
         sum(weight) AS events FROM error_events WHERE ${where} GROUP BY issue, step`,
      { name: 'errors.sparklines', parameters: { ...parameters, step: stepMs } },
    );
    for (const { key, step, events } of rows) {
      const row = counts.get(book.issueOf(key) ?? '');
      if (row !== undefined && step >= 0 && step < steps) row[step] = (row[step] ?? 0) + events;
    }
  }
  return (id: string) => ({ from: filter.from, stepMs, counts: counts.get(id) ?? empty() });
}
