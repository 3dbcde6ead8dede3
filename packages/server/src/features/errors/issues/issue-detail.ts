import { BelayError } from '@belay/core';
import { allowedIssueActions, parameterise } from '@belay/core/errors';
import type { IssueDetail, LedgerEntryView } from '@belay/protocol';
import type { DatabaseConnection } from '../../../platform/sqlite/database.ts';
import type { SourceMaps } from '../source-maps/source-maps.ts';
import { decimalKey } from './arrivals.ts';
import { readEvent } from './event-reader.ts';
import { conditionOf, type EventFilter } from './event-query.ts';
import { type IssueReading, readFigures, summarise } from './issue-list.ts';
import { findIssue, type IssueRecord, keysOfIssue } from './issue-store.ts';

export interface DetailReading extends IssueReading {
  readonly sourceMaps: Pick<SourceMaps, 'apply' | 'note'>;
  readonly ledgerOf: (issueId: string) => Promise<LedgerEntryView[]>;
}

const RANGE_MS = 14 * 86_400_000;
/** Tags are counted in the newest events: reading every payload of a frequent error would take long. */
const TAG_EVENTS = 1000;

/** By id or number; throws `issue.not-found`. */
export async function requireIssue(db: DatabaseConnection, reference: string): Promise<IssueRecord> {
  const issue = await findIssue(db, reference);
  if (issue !== undefined) return issue;
  throw new BelayError('issue.not-found', `There is no error "${reference.slice(0, 80)}".`, {
    hint: 'List them with "belay errors list"; one that was merged is found under the other.',
  });
}

/** Everything about one issue; figures of the last 14 days. */
export async function issueDetail(reading: DetailReading, reference: string): Promise<IssueDetail> {
  const issue = await requireIssue(reading.db, reference);
  const to = reading.clock.now() + 1;
  const keys = reading.book.keysOf(issue.id);
  const filter: EventFilter = { from: to - RANGE_MS, to, keys };
  const newPaths = await reading.newPaths.current();
  const [figures, latest, tags, variants, releases, traces, feedback, similar, merged, happened] = await Promise.all([
    readFigures(reading, filter),
    readEvent(reading, { issue, keys }),
    readTags(reading, keys),
    readVariants(reading, filter, newPaths.get(issue.id)?.rolloutId),
    readReleases(reading, keys),
    readTraces(reading, filter),
    readFeedback(reading, filter),
    readSimilar(reading, issue),
    keysOfIssue(reading.db, issue.id),
    reading.ledgerOf(issue.id),
  ]);
  const [summary] = await summarise(reading, { issues: [issue], figures, newPaths, filter });
  if (summary === undefined) throw new BelayError('issue.not-found', 'The error is gone.');
  return {
    ...summary,
    latest,
    tags,
    variants,
    releases,
    traces,
    similar,
    merged: merged.filter(({ title }) => title !== '').map(({ key, title }) => ({ key, title })),
    feedback,
    happened,
    allowed: [...allowedIssueActions[issue.decision.status]],
    grouping: groupingWords(issue.grouped_by),
  };
}

function groupingWords(by: string): string {
  if (by === 'fingerprint') return 'The fingerprint that the app sets.';
  if (by === 'message') return 'The type and the message without ids and numbers: no stack came with it.';
  if (by === 'stack-and-message')
    return 'The stack and the message without ids and numbers: the stack alone says too little.';
  return 'The type and the app’s own functions in the stack; line numbers and builds do not matter.';
}

async function readTags({ reader }: IssueReading, keys: readonly string[]): Promise<IssueDetail['tags']> {
  const rows = await reader.rows<{ key: string; value: string; events: number }>(
    `SELECT pair.1 AS key, pair.2 AS value, count() AS events FROM (
       SELECT arrayJoin(arrayConcat(
         [('environment', toString(environment)), ('release', toString(release)), ('instance', toString(instance)),
          ('transaction', toString(transaction)), ('sdk', toString(sdk))],
         JSONExtractKeysAndValues(payload, 'tags', 'String'),
         [('browser', JSONExtractString(payload, 'contexts', 'browser', 'name')),
          ('os', JSONExtractString(payload, 'contexts', 'os', 'name')),
          ('runtime', JSONExtractString(payload, 'contexts', 'runtime', 'name'))])) AS pair
       FROM (SELECT environment, release, instance, transaction, sdk, payload FROM error_events
         WHERE issue IN {keys:Array(UInt64)} ORDER BY ts DESC LIMIT ${TAG_EVENTS}))
     WHERE value != '' GROUP BY key, value ORDER BY events DESC LIMIT 8 BY key`,
    { name: 'errors.tags', parameters: { keys: keys.map(decimalKey) } },
  );
  const byKey = new Map<string, { value: string; events: number }[]>();
  for (const { key, value, events } of rows) byKey.set(key, [...(byKey.get(key) ?? []), { value, events }]);
  return [...byKey].slice(0, 40).map(([key, values]) => ({ key, values }));
}

async function readVariants(
  reading: IssueReading,
  filter: EventFilter,
  rolloutId: string | undefined,
): Promise<IssueDetail['variants']> {
  const { where, parameters } = conditionOf(filter);
  const rows = await reading.reader.rows<{ flagKey: string; variant: string; events: number; users: number }>(
    `SELECT pair.1 AS flagKey, pair.2 AS variant, sum(weight) AS events, uniqIf(user_hash, user_hash != 0) AS users
     FROM error_events ARRAY JOIN CAST(flags, 'Array(Tuple(String, String))') AS pair WHERE ${where}
     GROUP BY flagKey, variant ORDER BY events DESC LIMIT 50`,
    { name: 'errors.variants', parameters },
  );
  const paths =
    rolloutId === undefined ? undefined : (await reading.newPaths.paths()).find(({ id }) => id === rolloutId);
  return rows.map((row) => ({ ...row, units: row.flagKey === paths?.flagKey ? unitsOf(paths, row.variant) : null }));
}

function unitsOf(
  paths: { newVariant: string; oldVariant: string; newUnits: number; oldUnits: number },
  variant: string,
): number | null {
  if (variant === paths.newVariant) return paths.newUnits;
  return variant === paths.oldVariant ? paths.oldUnits : null;
}

function readReleases({ reader }: IssueReading, keys: readonly string[]): Promise<IssueDetail['releases']> {
  return reader.rows(
    `SELECT toString(release) AS release, sum(weight) AS events, toUnixTimestamp64Milli(min(ts)) AS firstSeen,
       toUnixTimestamp64Milli(max(ts)) AS lastSeen
     FROM error_events WHERE issue IN {keys:Array(UInt64)} AND release != '' GROUP BY release ORDER BY lastSeen DESC LIMIT 50`,
    { name: 'errors.releases', parameters: { keys: keys.map(decimalKey) } },
  );
}

function readTraces({ reader }: IssueReading, filter: EventFilter): Promise<IssueDetail['traces']> {
  const { where, parameters } = conditionOf(filter);
  return reader.rows(
    `SELECT lower(hex(trace_id)) AS traceId, toUnixTimestamp64Milli(max(ts)) AS at FROM error_events
     WHERE ${where} AND trace_id != toFixedString('', 16) GROUP BY trace_id ORDER BY at DESC LIMIT 10`,
    { name: 'errors.traces', parameters },
  );
}

function readFeedback({ reader }: IssueReading, filter: EventFilter): Promise<IssueDetail['feedback']> {
  const { where, parameters } = conditionOf(filter);
  return reader.rows(
    `SELECT toUnixTimestamp64Milli(ts) AS at, name, message FROM user_feedback
     WHERE event_id IN (SELECT event_id FROM error_events WHERE ${where} ORDER BY ts DESC LIMIT 10000)
     ORDER BY user_feedback.ts DESC LIMIT 20`,
    { name: 'errors.feedback', parameters },
  );
}

const CANDIDATES = 200;
const SIMILAR = 5;

/** Issues that may have the same cause: same place, or same type and message. */
async function readSimilar({ db }: IssueReading, issue: IssueRecord): Promise<IssueDetail['similar']> {
  const rows = await db
    .selectFrom('issues')
    .select(['id', 'title', 'events', 'type', 'value', 'culprit_file', 'culprit_function'])
    .where('id', '!=', issue.id)
    .where((where) =>
      where.or([
        where('type', '=', issue.type),
        ...(issue.culprit_file === null ? [] : [where('culprit_file', '=', issue.culprit_file)]),
      ]),
    )
    .orderBy('last_seen', 'desc')
    .limit(CANDIDATES)
    .execute();
  const wording = parameterise(issue.value);
  const scored = rows.map((row) => {
    const isSamePlace = row.culprit_file !== null && row.culprit_file === issue.culprit_file;
    const isSameFunction = isSamePlace && row.culprit_function === issue.culprit_function;
    const isSameWording = row.type === issue.type && parameterise(row.value) === wording;
    const why = isSameFunction
      ? 'in the same function'
      : isSameWording
        ? 'the same type and message'
        : 'in the same file';
    return {
      id: row.id,
      title: row.title,
      events: row.events,
      why,
      score: Number(isSameFunction) * 2 + Number(isSamePlace) + Number(isSameWording) * 2,
    };
  });
  return scored
    .filter(({ score }) => score > 0)
    .toSorted((a, b) => b.score - a.score)
    .slice(0, SIMILAR)
    .map(({ score: _score, ...similar }) => similar);
}
