import { BelayError } from '@belay/core';
import { allowedIssueActions, type IssueDecision } from '@belay/core/errors';
import type { ActorView, IssueAct, LiveEvent } from '@belay/protocol';
import { transaction } from '../../../platform/sqlite/database.ts';
import type { Database, DatabaseTransaction } from '../../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../../ledger/api.ts';
import type { TelemetryReader } from '../../telemetry/api.ts';
import { readKey } from './arrivals.ts';
import { requireIssue } from './issue-detail.ts';
import { startIssue } from './issue-keeper.ts';
import { type IssueRecord, updateIssue } from './issue-store.ts';
import type { KeyBook } from './key-book.ts';

export interface IssueServiceOptions {
  readonly db: Database;
  readonly reader: TelemetryReader;
  readonly book: KeyBook;
  readonly clock: { now(): number };
  readonly bus: { publish(event: LiveEvent): void };
}

/** What people do with issues. */
export interface IssueService {
  /** Carries it out and writes it into the ledger; the id of the issue. Throws `issue.*`. */
  act(reference: string, act: IssueAct, actor: ActorView): Promise<string>;
}

export function createIssueService(options: IssueServiceOptions): IssueService {
  const { db, book, clock, bus } = options;
  return {
    async act(reference, act, actor) {
      const now = clock.now();
      const unmerged = act.action === 'unmerge' ? await readKey(options.reader, keyIn(act.key)) : [];
      const { entry, id } = await transaction(db, async (trx) => {
        const issue = await requireIssue(trx, reference);
        requireAllowed(issue, act);
        const done = await carryOut(trx, { issue, act, actor, now, unmerged });
        const written = await appendLedger(trx, {
          at: now,
          actor,
          kind: `issue.${done.kind}`,
          sentence: `${actor.name} ${done.words} E-${issue.number} in ${issue.service}: ${issue.title.slice(0, 120)}.`,
          tone: 'none',
          reason: 'reason' in act ? (act.reason ?? null) : null,
          details: { issueId: issue.id, ...done.details },
        });
        return { entry: written, id: issue.id };
      });
      await book.reload(db);
      bus.publish(ledgerEvent(entry));
      bus.publish({ type: 'issue', at: now, issueId: id, what: 'acted', sentence: entry.sentence });
      return id;
    },
  };
}

function requireAllowed({ decision, number }: IssueRecord, { action }: IssueAct): void {
  const allowed = allowedIssueActions[decision.status];
  if (allowed.includes(action)) return;
  throw new BelayError('issue.not-allowed', `E-${number} is ${decision.status}; that allows ${allowed.join(', ')}.`, {
    details: { status: decision.status, allowed },
  });
}

interface Acting {
  readonly issue: IssueRecord;
  readonly act: IssueAct;
  readonly actor: ActorView;
  readonly now: number;
  readonly unmerged: Awaited<ReturnType<typeof readKey>>;
}

interface Done {
  readonly kind: string;
  readonly words: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

async function carryOut(trx: DatabaseTransaction, acting: Acting): Promise<Done> {
  const { issue, act, actor, now } = acting;
  const decide = async (decision: IssueDecision, sentence: string): Promise<void> =>
    updateIssue(trx, { ...issue, decision, events_at_decision: issue.events, state_sentence: sentence, spike: null });
  switch (act.action) {
    case 'resolve':
      await decide({ status: 'resolved', since: now }, `Resolved by ${actor.name}.`);
      return { kind: 'resolved', words: 'resolved' };
    case 'resolve-next-release': {
      const release = await latestRelease(trx, issue);
      await decide(
        { status: 'resolved', since: now, resolvedAfterRelease: release },
        `Resolved in the release after ${release} by ${actor.name}.`,
      );
      return { kind: 'resolved', words: `resolved for the release after ${release}`, details: { release } };
    }
    case 'ignore':
      await decide(ignoring(act, now), `Ignored by ${actor.name}${untilWords(act)}.`);
      return { kind: 'ignored', words: `ignores${untilWords(act)}` };
    case 'reopen':
      await decide({ status: 'unresolved', since: now }, '');
      return { kind: 'reopened', words: 'reopened' };
    case 'assign':
      await updateIssue(trx, { ...issue, assignee: act.assignee });
      return { kind: 'assigned', words: act.assignee === null ? 'assigned nobody to' : `assigned ${act.assignee} to` };
    case 'merge':
      return merge(trx, issue, act.issue);
    case 'unmerge':
      return unmerge(trx, acting, keyIn(act.key));
  }
}

type Ignoring = Extract<IssueAct, { action: 'ignore' }>;

function ignoring({ until, events, users }: Ignoring, now: number): IssueDecision {
  return { status: 'ignored', since: now, ignoredUntil: until, ignoredEvents: events, ignoredUsers: users };
}

function untilWords({ until, events, users }: Ignoring): string {
  if (until !== undefined) return ` until ${new Date(until).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  if (events !== undefined) return ` until ${events} more events`;
  return users === undefined ? '' : ` until ${users} users have it`;
}

async function latestRelease(trx: DatabaseTransaction, issue: IssueRecord): Promise<string> {
  const row = await trx
    .selectFrom('seen_releases')
    .select('release')
    .where('service', '=', issue.service)
    .orderBy('first_seen', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (row !== undefined) return row.release;
  throw new BelayError('issue.not-allowed', `No event of ${issue.service} names a release, so there is no next one.`, {
    hint: 'Set `release` in the SDK (or service.version), or use "resolve".',
  });
}

async function merge(trx: DatabaseTransaction, into: IssueRecord, reference: string): Promise<Done> {
  const other = await requireIssue(trx, reference);
  if (other.id === into.id) throw new BelayError('issue.not-allowed', `E-${into.number} cannot be merged with itself.`);
  await trx
    .updateTable('issue_keys')
    .set({ title: other.title })
    .where('issue_id', '=', other.id)
    .where('title', '=', '')
    .where('kind', '=', 'own')
    .execute();
  await trx.updateTable('issue_keys').set({ issue_id: into.id }).where('issue_id', '=', other.id).execute();
  await trx.deleteFrom('issues').where('id', '=', other.id).execute();
  await updateIssue(trx, {
    ...into,
    events: into.events + other.events,
    first_seen: Math.min(into.first_seen, other.first_seen),
    last_seen: Math.max(into.last_seen, other.last_seen),
    first_release: other.first_seen < into.first_seen ? other.first_release : into.first_release,
    last_release: other.last_seen > into.last_seen ? other.last_release : into.last_release,
  });
  return { kind: 'merged', words: `merged E-${other.number} into`, details: { merged: other.id } };
}

async function unmerge(trx: DatabaseTransaction, { issue, unmerged }: Acting, key: string): Promise<Done> {
  const row = await trx
    .selectFrom('issue_keys')
    .selectAll()
    .where('key', '=', key)
    .where('issue_id', '=', issue.id)
    .executeTakeFirst();
  if (row === undefined || key === issue.id || unmerged.length === 0) {
    throw new BelayError(
      'issue.not-allowed',
      `"${key}" was not merged into E-${issue.number}, or nothing of it is kept.`,
    );
  }
  await trx.deleteFrom('issue_keys').where('key', '=', key).execute();
  const newest = unmerged.reduce((a, b) => (b.lastAt > a.lastAt ? b : a));
  const events = unmerged.reduce((sum, part) => sum + part.events, 0);
  const firstAt = Math.min(...unmerged.map((part) => part.firstAt));
  await startIssue(trx, { ...newest, otherKeys: [], firstAt, events });
  await updateIssue(trx, { ...issue, events: Math.max(0, issue.events - events) });
  return { kind: 'unmerged', words: 'took a merged error out of', details: { key } };
}

function keyIn(text: string): string {
  if (/^[0-9a-f]{16}$/u.test(text)) return text;
  throw new BelayError('request.invalid', 'This is not the key of a merged error.', {
    issues: [
      { path: 'key', message: 'is not a key', seen: text.slice(0, 40), mend: 'use a key of "merged" in the error' },
    ],
  });
}
