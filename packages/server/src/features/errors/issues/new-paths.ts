import { judgeNewPath } from '@belay/core/errors';
import type { NewErrors, NewPathError } from '@belay/protocol';
import type { Database } from '../../../platform/sqlite/database.ts';
import type { RolloutPaths } from '../../changes/api.ts';
import type { TelemetryReader } from '../../telemetry/api.ts';
import { issuesByIds, type IssueRecord } from './issue-store.ts';
import type { KeyBook } from './key-book.ts';

export interface NewPathsOptions {
  readonly db: Database;
  readonly reader: TelemetryReader;
  readonly book: KeyBook;
  readonly clock: { now(): number };
  readonly openPaths: () => Promise<readonly RolloutPaths[]>;
}

/** Errors that only the new path of a change has. */
export interface NewPaths {
  ofRollout(paths: RolloutPaths): Promise<NewErrors>;
  /** By issue, for all that is going out; at most some seconds old. */
  current(): Promise<ReadonlyMap<string, NewPathError>>;
  /** What is going out, with its traffic. */
  paths(): Promise<readonly RolloutPaths[]>;
}

const FRESH_MS = 5000;
/** Events that were under way when a change ended. */
const AFTER_END_MS = 60_000;
const SHOWN = 100;

/** Events that took part in both or neither path say nothing about the difference, and are left out. */
const BY_PATH = `
SELECT leftPad(lower(hex(issue)), 16, '0') AS key, sumIf(weight, flags[{flag:String}] = {newVariant:String}) AS newCount,
  sumIf(weight, flags[{flag:String}] = {oldVariant:String}) AS oldCount,
  uniqIf(user_hash, user_hash != 0 AND flags[{flag:String}] = {newVariant:String}) AS newUsers,
  toUnixTimestamp64Milli(min(ts)) AS firstAt, toUnixTimestamp64Milli(max(ts)) AS lastAt
FROM error_events
WHERE ts >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND ts < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
  AND _in >= toDateTime(intDiv({from:Int64}, 1000) - 3600, 'UTC') AND mapContains(flags, {flag:String})
GROUP BY issue HAVING newCount > 0`;

interface PathRow {
  readonly key: string;
  readonly newCount: number;
  readonly oldCount: number;
  readonly newUsers: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

export function createNewPaths(options: NewPathsOptions): NewPaths {
  const { clock, openPaths } = options;
  let cached: { readonly at: number; readonly value: Promise<ReadonlyMap<string, NewPathError>> } | undefined;
  const readAll = async (): Promise<ReadonlyMap<string, NewPathError>> => {
    const found = new Map<string, NewPathError>();
    for (const paths of await openPaths()) {
      for (const item of (await readNewErrors(options, paths)).items) found.set(item.issueId, item);
    }
    return found;
  };
  return {
    ofRollout: (paths) => readNewErrors(options, paths),
    paths: openPaths,
    current() {
      if (cached === undefined || clock.now() - cached.at > FRESH_MS) {
        const value = readAll();
        value.catch(() => (cached = undefined));
        cached = { at: clock.now(), value };
      }
      return cached.value;
    },
  };
}

async function readNewErrors(options: NewPathsOptions, paths: RolloutPaths): Promise<NewErrors> {
  const now = options.clock.now();
  const from = paths.startedAt ?? now;
  const to = paths.endedAt === null ? now + 1 : paths.endedAt + AFTER_END_MS;
  const frame = {
    rolloutId: paths.id,
    flagKey: paths.flagKey,
    newVariant: paths.newVariant,
    oldVariant: paths.oldVariant,
    from,
    to,
    newUnits: paths.newUnits,
    oldUnits: paths.oldUnits,
  };
  const rows = paths.startedAt === null ? [] : await readRows(options, { ...frame, flag: paths.flagKey });
  const byIssue = combine(rows, options.book);
  const issues = await issuesByIds(options.db, [...byIssue.keys()]);
  const items = issues
    .flatMap((issue) => itemOf(issue, byIssue.get(issue.id), paths) ?? [])
    .toSorted((a, b) => (a.chance ?? 1) - (b.chance ?? 1) || b.newCount - a.newCount)
    .slice(0, SHOWN);
  return { ...frame, sentence: summary(items), items };
}

function readRows(
  { reader }: NewPathsOptions,
  query: { from: number; to: number; flag: string; newVariant: string; oldVariant: string },
) {
  const { from, to, flag, newVariant, oldVariant } = query;
  return reader.rows<PathRow>(BY_PATH, {
    name: 'errors.new-path',
    parameters: { from, to, flag, newVariant, oldVariant },
  });
}

function combine(rows: readonly PathRow[], book: KeyBook): ReadonlyMap<string, PathRow> {
  const byIssue = new Map<string, PathRow>();
  for (const row of rows) {
    const id = book.issueOf(row.key);
    if (id === undefined) continue;
    const known = byIssue.get(id);
    byIssue.set(id, known === undefined ? row : added(known, row));
  }
  return byIssue;
}

function added(a: PathRow, b: PathRow): PathRow {
  return {
    key: a.key,
    newCount: a.newCount + b.newCount,
    oldCount: a.oldCount + b.oldCount,
    newUsers: Math.max(a.newUsers, b.newUsers),
    firstAt: Math.min(a.firstAt, b.firstAt),
    lastAt: Math.max(a.lastAt, b.lastAt),
  };
}

function itemOf(issue: IssueRecord, row: PathRow | undefined, paths: RolloutPaths): NewPathError | undefined {
  if (row === undefined) return undefined;
  const { newCount, oldCount, newUsers } = row;
  const verdict = judgeNewPath({
    newCount,
    oldCount,
    newUsers,
    newUnits: paths.newUnits,
    oldUnits: paths.oldUnits,
    wasThereBefore: issue.first_seen < (paths.startedAt ?? 0),
  });
  if (!verdict.isOnlyNew) return undefined;
  return {
    issueId: issue.id,
    title: issue.title,
    type: issue.type,
    culprit: culpritOf(issue),
    rolloutId: paths.id,
    flagKey: paths.flagKey,
    newVariant: paths.newVariant,
    oldVariant: paths.oldVariant,
    newCount,
    oldCount,
    newUsers,
    firstSeen: row.firstAt,
    lastSeen: row.lastAt,
    certainty: verdict.certainty,
    chance: verdict.chance ?? null,
    sentence: sentenceOf(newCount, verdict.certainty),
  };
}

function sentenceOf(count: number, certainty: NewPathError['certainty']): string {
  const facts = `Only on the new path: ${Math.round(count)} there, 0 on the old path`;
  if (certainty === 'sure') return `${facts}.`;
  return certainty === 'likely' ? `${facts}; likely not chance.` : `${facts}; too few yet to rule out chance.`;
}

function summary(items: readonly NewPathError[]): string {
  if (items.length === 0) return 'No error that the old path does not have.';
  const sure = items.filter(({ certainty }) => certainty === 'sure').length;
  const count = `Only on the new path: ${items.length === 1 ? 'one error' : `${items.length} errors`}`;
  return sure === 0 ? `${count}, none of them beyond chance yet.` : `${count}, ${sure} beyond chance.`;
}

/** Where an issue comes from; null when no event has told a stack. */
export function culpritOf(
  issue: IssueRecord,
): { function: string | null; file: string | null; line: number | null } | null {
  const { culprit_function: name, culprit_file: file, culprit_line: line } = issue;
  return name === null && file === null ? null : { function: name, file, line };
}
