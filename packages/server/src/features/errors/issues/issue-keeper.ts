import { afterArrival, isLaterRelease, type IssueDecision } from '@belay/core/errors';
import type { LedgerEntryView, LiveEvent } from '@belay/protocol';
import type { Database, DatabaseTransaction } from '../../../platform/sqlite/database.ts';
import { transaction } from '../../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../../ledger/api.ts';
import type { TelemetryStore } from '../../telemetry/api.ts';
import { type Arrivals, readArrivals, readUsersSince } from './arrivals.ts';
import { insertIssue, issuesByIds, type IssueRecord, updateIssue } from './issue-store.ts';
import type { KeyBook } from './key-book.ts';

export interface IssueKeeperOptions {
  readonly db: Database;
  readonly telemetry: Pick<TelemetryStore, 'reader' | 'closedThrough'>;
  readonly book: KeyBook;
  readonly bus: { publish(event: LiveEvent): void };
  readonly log: { warn(facts: object, message: string): void };
}

/** Keeps issues up to date with the events that were stored: each event is counted once, over crashes too. */
export interface IssueKeeper {
  /** Counts what has arrived in seconds that are closed. Resolves to whether all of it was counted. */
  keepUp(): Promise<boolean>;
}

/** Issues are counted from seconds in which nothing more can arrive, as rollouts are judged; see ADR 0009. */
const GROUPS_PER_ROUND = 5000;
/** New issues of one round. A service whose fingerprints hold ids must not fill the control plane. */
const NEW_PER_ROUND = 500;
const NEW_PER_SERVICE = 2000;
/** How far back a first start looks. */
const LOOKBACK_SECONDS = 30 * 86_400;

export function createIssueKeeper(options: IssueKeeperOptions): IssueKeeper {
  const { db, telemetry, book, bus } = options;
  const crowded = new Set<string>();
  return {
    async keepUp() {
      const closed = telemetry.closedThrough();
      const after = Math.max(await readThrough(db), closed - LOOKBACK_SECONDS);
      if (closed <= after) return true;
      const { arrivals, through } = await readBounded(telemetry, after, closed);
      const usersSince = await usersOfIgnored(options, arrivals);
      const news: News[] = [];
      const entries = await transaction(db, async (trx) => {
        const kept = await keep(trx, { ...options, arrivals, usersSince, news, crowded });
        await trx.updateTable('issue_progress').set({ read_through: through }).where('id', '=', 1).execute();
        return kept;
      });
      if (arrivals.length > 0) await book.reload(db);
      for (const entry of entries) bus.publish(ledgerEvent(entry));
      for (const { issue, what, sentence, at } of news)
        bus.publish({ type: 'issue', at, issueId: issue, what, sentence });
      return through === closed;
    },
  };
}

/** Half of the time, and half of that, until what arrived in it fits a round; a single second always does. */
async function readBounded(
  { reader }: IssueKeeperOptions['telemetry'],
  after: number,
  closed: number,
): Promise<{ arrivals: Arrivals[]; through: number }> {
  for (let through = closed; ; through = after + Math.ceil((through - after) / 2)) {
    const isShortest = through === after + 1;
    const limit = isShortest ? GROUPS_PER_ROUND * 10 : GROUPS_PER_ROUND;
    const arrivals = await readArrivals(reader, { after, through, limit });
    if (arrivals.length < limit || isShortest) return { arrivals, through };
  }
}

interface News {
  readonly issue: string;
  readonly what: 'new' | 'regressed';
  readonly sentence: string;
  readonly at: number;
}

interface Round extends IssueKeeperOptions {
  readonly arrivals: readonly Arrivals[];
  readonly usersSince: ReadonlyMap<string, number>;
  readonly news: News[];
  readonly crowded: Set<string>;
}

async function readThrough(db: Database): Promise<number> {
  const row = await db.selectFrom('issue_progress').select('read_through').where('id', '=', 1).executeTakeFirst();
  return row?.read_through ?? 0;
}

async function usersOfIgnored({ db, telemetry, book }: IssueKeeperOptions, arrivals: readonly Arrivals[]) {
  const ids = new Set(arrivals.flatMap(({ key }) => book.issueOf(key) ?? []));
  const users = new Map<string, number>();
  for (const { id, decision } of await issuesByIds(db, [...ids])) {
    if (decision.ignoredUsers === undefined) continue;
    users.set(id, await readUsersSince(telemetry.reader, book.keysOf(id), decision.since));
  }
  return users;
}

async function keep(trx: DatabaseTransaction, round: Round): Promise<LedgerEntryView[]> {
  const { arrivals } = round;
  await noteReleases(trx, arrivals);
  const keys = await issuesOfKeys(trx, arrivals);
  const issues = new Map((await issuesByIds(trx, [...new Set(keys.values())])).map((issue) => [issue.id, issue]));
  const entries: LedgerEntryView[] = [];
  let fresh = 0;
  for (const arrival of arrivals) {
    const id = keys.get(arrival.key);
    const known = id === undefined ? undefined : issues.get(id);
    if (known === undefined) {
      if (fresh >= NEW_PER_ROUND || (await isCrowded(trx, round, arrival.service))) continue;
      fresh += 1;
      const issue = await startIssue(trx, arrival);
      issues.set(issue.id, issue);
      for (const key of [arrival.key, ...arrival.otherKeys]) if (!keys.has(key)) keys.set(key, issue.id);
      round.news.push({
        issue: issue.id,
        what: 'new',
        sentence: `New in ${issue.service}: ${issue.title}`,
        at: arrival.firstAt,
      });
      continue;
    }
    const next = await addArrival(trx, round, { issue: known, arrival });
    issues.set(known.id, next.issue);
    if (next.entry !== undefined) entries.push(next.entry);
  }
  if (fresh >= NEW_PER_ROUND)
    round.log.warn({ limit: NEW_PER_ROUND }, 'more new errors at once than are listed; their events are stored');
  return entries;
}

async function isCrowded(trx: DatabaseTransaction, { crowded, log }: Round, service: string): Promise<boolean> {
  if (crowded.has(service)) return true;
  const row = await trx
    .selectFrom('issues')
    .select((select) => select.fn.countAll<number>().as('count'))
    .where('service', '=', service)
    .where('status', '=', 'unresolved')
    .executeTakeFirst();
  if ((row?.count ?? 0) < NEW_PER_SERVICE) return false;
  crowded.add(service);
  log.warn({ service, limit: NEW_PER_SERVICE }, 'a service has too many different errors; look at its fingerprints');
  return true;
}

async function noteReleases(trx: DatabaseTransaction, arrivals: readonly Arrivals[]): Promise<void> {
  for (const { service, release, firstAt } of arrivals) {
    if (release === '') continue;
    const row = { service, release, first_seen: firstAt };
    await trx
      .insertInto('seen_releases')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  }
}

/** The issue of each key; keys that are met for the first time join the issue of their other keys. */
async function issuesOfKeys(trx: DatabaseTransaction, arrivals: readonly Arrivals[]): Promise<Map<string, string>> {
  const all = [...new Set(arrivals.flatMap(({ key, otherKeys }) => [key, ...otherKeys]))];
  const found = new Map<string, string>();
  const kinds = new Map<string, string>();
  for (let at = 0; at < all.length; at += 500) {
    const rows = await trx
      .selectFrom('issue_keys')
      .selectAll()
      .where('key', 'in', all.slice(at, at + 500))
      .execute();
    for (const row of rows) {
      found.set(row.key, row.issue_id);
      kinds.set(row.key, row.kind);
    }
  }
  for (const { key, otherKeys } of arrivals) {
    const known = found.get(key);
    if (known !== undefined) {
      for (const other of otherKeys)
        if (!found.has(other)) await putKey(trx, found, { key: other, issueId: known, kind: 'unmapped' });
      continue;
    }
    // A minified stack may stand for several bugs: only the first that a map tells apart inherits its issue.
    const heir = otherKeys.find((other) => found.has(other) && kinds.get(other) === 'own');
    const issueId = heir === undefined ? undefined : found.get(heir);
    if (heir === undefined || issueId === undefined) continue;
    await trx.updateTable('issue_keys').set({ kind: 'unmapped' }).where('key', '=', heir).execute();
    kinds.set(heir, 'unmapped');
    await putKey(trx, found, { key, issueId, kind: 'own' });
  }
  return found;
}

async function putKey(
  trx: DatabaseTransaction,
  found: Map<string, string>,
  { key, issueId, kind }: { key: string; issueId: string; kind: string },
): Promise<void> {
  const row = { key, issue_id: issueId, kind, title: '' };
  await trx
    .insertInto('issue_keys')
    .values(row)
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  found.set(key, issueId);
}

/** A new issue of a key that has none. */
export async function startIssue(trx: DatabaseTransaction, arrival: Arrivals): Promise<IssueRecord> {
  const issue = await insertIssue(trx, {
    id: arrival.key,
    ...namesOf(arrival),
    first_seen: arrival.firstAt,
    last_seen: arrival.lastAt,
    events: arrival.events,
    first_release: arrival.release,
    last_release: arrival.release,
    decision: { status: 'unresolved', since: 0 },
    events_at_decision: 0,
    state_sentence: '',
    assignee: null,
    spike: null,
  });
  const keys = [
    { key: arrival.key, issue_id: issue.id, kind: 'own', title: '' },
    ...arrival.otherKeys.map((key) => ({ key, issue_id: issue.id, kind: 'unmapped', title: '' })),
  ];
  for (const row of keys)
    await trx
      .insertInto('issue_keys')
      .values(row)
      .onConflict((conflict) => conflict.doNothing())
      .execute();
  return issue;
}

function namesOf(arrival: Arrivals) {
  const { service, title, type, value, level, platform, groupedBy, frames } = arrival;
  return {
    service,
    title,
    type,
    value,
    level,
    platform,
    grouped_by: groupedBy,
    culprit_function: arrival.culpritFunction || null,
    culprit_file: arrival.culpritFile || null,
    culprit_line: arrival.culpritLine || null,
    handled: arrival.handled === 2 ? null : arrival.handled === 1,
    search_text: `${title}\n${value}\n${arrival.culpritFile}\n${frames}`.toLowerCase().slice(0, 6000),
  };
}

interface Adding {
  readonly issue: IssueRecord;
  readonly arrival: Arrivals;
}

async function addArrival(
  trx: DatabaseTransaction,
  round: Round,
  { issue, arrival }: Adding,
): Promise<{ issue: IssueRecord; entry?: LedgerEntryView }> {
  const isNewest = arrival.lastAt >= issue.last_seen;
  const counted: IssueRecord = {
    ...issue,
    ...(isNewest ? namesOf(arrival) : {}),
    first_seen: Math.min(issue.first_seen, arrival.firstAt),
    last_seen: Math.max(issue.last_seen, arrival.lastAt),
    events: issue.events + arrival.events,
    first_release: issue.first_release || arrival.release,
    last_release: isNewest && arrival.release !== '' ? arrival.release : issue.last_release,
  };
  const decision = await decisionAfter(trx, round, { issue: counted, arrival });
  if (decision === undefined) {
    await updateIssue(trx, counted);
    return { issue: counted };
  }
  const where = arrival.release === '' ? '' : ` in ${arrival.release}`;
  const sentence =
    decision.status === 'regressed'
      ? `Came back${where} after it was resolved.`
      : 'No longer ignored: its limit was reached.';
  const changed = { ...counted, decision, events_at_decision: counted.events, state_sentence: sentence };
  await updateIssue(trx, changed);
  round.news.push({ issue: issue.id, what: 'regressed', sentence: `${issue.title}: ${sentence}`, at: arrival.lastAt });
  const entry = await appendLedger(trx, {
    at: arrival.lastAt,
    actor: { kind: 'machine', name: 'Belay', via: 'policy' },
    kind: decision.status === 'regressed' ? 'issue.regressed' : 'issue.reopened',
    sentence: `E-${issue.number} in ${issue.service}: ${issue.title.slice(0, 120)}. ${sentence}`,
    tone: 'bad',
    details: { issueId: issue.id, release: arrival.release },
  });
  return { issue: changed, entry };
}

async function decisionAfter(
  trx: DatabaseTransaction,
  round: Round,
  { issue, arrival }: Adding,
): Promise<IssueDecision | undefined> {
  const { decision } = issue;
  if (decision.status !== 'resolved' && decision.status !== 'ignored') return undefined;
  return afterArrival(decision, {
    newestAt: arrival.lastAt,
    release: arrival.release,
    isLater: await isLater(trx, issue.service, arrival.release, decision.resolvedAfterRelease),
    eventsSince: issue.events - issue.events_at_decision,
    usersSince: round.usersSince.get(issue.id) ?? 0,
  });
}

async function isLater(
  trx: DatabaseTransaction,
  service: string,
  release: string,
  than: string | undefined,
): Promise<boolean> {
  if (than === undefined) return true;
  const rows = await trx
    .selectFrom('seen_releases')
    .select(['release', 'first_seen'])
    .where('service', '=', service)
    .where('release', 'in', [release, than])
    .execute();
  const seen = (name: string) => ({
    release: name,
    firstSeen: rows.find((row) => row.release === name)?.first_seen ?? 0,
  });
  return isLaterRelease(seen(release), seen(than));
}
