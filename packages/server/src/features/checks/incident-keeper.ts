import { randomUUID } from 'node:crypto';
import { type Incident, type IncidentBook, type IncidentMessage, settle, type WatchedCheck } from '@belay/core/health';
import type { LiveEvent, Tone } from '@belay/protocol';
import { type DatabaseTransaction, transaction } from '../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../ledger/api.ts';
import { lastOf, rankOf, type StoredCheck, stateOf, subjectOf } from './check-store.ts';
import type { ChecksContext } from './checks-context.ts';

/** Most checks in trouble that are looked at in one round. */
const MOST_TROUBLED = 10_000;
const MACHINE = { kind: 'machine', name: 'Belay', via: 'check' } as const;

/** Brings incidents up to date with the states of all checks, writes what is told into the ledger, and tells it. */
export async function settleIncidents({ db, clock, bus }: ChecksContext): Promise<void> {
  const now = clock.now();
  const events = await transaction(db, async (trx) => {
    const checks = await watchedChecks(trx);
    const open = await trx.selectFrom('check_incidents').selectAll().where('ended_at', 'is', null).execute();
    const ids = new Map(open.map(({ key, id }) => [key, id]));
    // Decoder: written below from the same type.
    const book: IncidentBook = Object.fromEntries(
      open.map(({ key, incident_json }) => [key, JSON.parse(incident_json) as Incident]),
    );
    const settled = settle(book, { checks: new Map([...checks].map(([id, { watched }]) => [id, watched])), now });
    const told: LiveEvent[] = [];
    for (const incident of Object.values(settled.book)) {
      if (!ids.has(incident.key)) ids.set(incident.key, randomUUID());
      await saveIncident(trx, ids.get(incident.key) ?? '', { incident, checks, known: book[incident.key] });
    }
    for (const { key, id } of open) {
      if (Object.hasOwn(settled.book, key)) continue;
      await trx.updateTable('check_incidents').set({ ended_at: now }).where('id', '=', id).execute();
    }
    await markMuted(trx, Object.values(settled.book));
    for (const message of settled.messages) {
      const incidentId = ids.get(message.incident.key) ?? '';
      const stored = open.find(({ id }) => id === incidentId);
      told.push(...(await tell(trx, message, { now, incidentId, checks, stored: stored?.sentence })));
    }
    return told;
  });
  for (const event of events) bus.publish(event);
}

interface Watched {
  readonly row: StoredCheck;
  readonly watched: WatchedCheck;
}

/** Everything in trouble or suspect, and what it depends on. */
async function watchedChecks(trx: DatabaseTransaction): Promise<Map<string, Watched>> {
  const troubled = await trx
    .selectFrom('checks')
    .selectAll()
    .where('rank', '<=', rankOf.failing)
    .orderBy('rank')
    .limit(MOST_TROUBLED)
    .execute();
  const rows = new Map(troubled.map((row) => [row.id, row]));
  let wanted = new Set(troubled.flatMap(parentSubjects));
  const seen = new Set<string>();
  while (wanted.size > 0) {
    const subjects = [...wanted].slice(0, 500);
    for (const subject of subjects) seen.add(subject);
    const parents = await trx.selectFrom('checks').selectAll().where('subject', 'in', subjects).execute();
    for (const row of parents) rows.set(row.id, row);
    const next = [...[...wanted].slice(500), ...parents.flatMap(parentSubjects)];
    wanted = new Set(next.filter((subject) => !seen.has(subject)));
  }
  const bySubject = Map.groupBy(rows.values(), ({ subject }) => subject);
  return new Map(
    [...rows].map(([id, row]) => {
      const parents = parentSubjects(row).flatMap((subject) => sameInstanceFirst(bySubject.get(subject) ?? [], row));
      return [id, { row, watched: { id, subject: row.subject, state: stateOf(row), parents } }];
    }),
  );
}

function parentSubjects(row: StoredCheck): string[] {
  return lastOf(row).dependsOn.map((name) => (name.includes('/') ? name : subjectOf(row.service, name)));
}

/** The database as this process sees it explains its trouble, not as another one sees it. */
function sameInstanceFirst(parents: readonly StoredCheck[], { instance }: StoredCheck): string[] {
  const own = parents.filter((parent) => parent.instance === instance);
  return (own.length > 0 ? own : parents).map(({ id }) => id);
}

interface Saving {
  readonly incident: Incident;
  readonly known: Incident | undefined;
  readonly checks: ReadonlyMap<string, Watched>;
}

async function saveIncident(trx: DatabaseTransaction, id: string, { incident, known, checks }: Saving): Promise<void> {
  const incident_json = JSON.stringify(incident);
  if (known !== undefined && JSON.stringify(known) === incident_json) return;
  const sentence = sentenceOf(incident, checks);
  const row = { id, key: incident.key, incident_json, sentence, opened_at: incident.openedAt, ended_at: null };
  await trx
    .insertInto('check_incidents')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
    .execute();
}

async function markMuted(trx: DatabaseTransaction, incidents: readonly Incident[]): Promise<void> {
  await trx.updateTable('checks').set({ muted_by: null }).where('muted_by', 'is not', null).execute();
  for (const { mutedBy, checkIds } of incidents) {
    if (mutedBy === null) continue;
    for (const id of checkIds)
      await trx.updateTable('checks').set({ muted_by: mutedBy }).where('id', '=', id).execute();
  }
}

interface Telling {
  readonly now: number;
  readonly incidentId: string;
  readonly checks: ReadonlyMap<string, Watched>;
  /** What was told when it began. */
  readonly stored: string | undefined;
}

async function tell(
  trx: DatabaseTransaction,
  { kind, page, incident }: IncidentMessage,
  { now, incidentId, checks, stored }: Telling,
): Promise<LiveEvent[]> {
  const sentence = messageOf(kind, incident, stored ?? sentenceOf(incident, checks), now);
  const entry = await appendLedger(trx, {
    at: now,
    actor: MACHINE,
    kind: `check.${kind}`,
    sentence,
    tone: toneOf(kind),
    details: { incidentId, key: incident.key, cause: incident.cause, checkIds: incident.checkIds.slice(0, 50), page },
  });
  return [ledgerEvent(entry), { type: 'check', at: now, incidentId, what: kind, page, sentence }];
}

function messageOf(kind: IncidentMessage['kind'], incident: Incident, sentence: string, now: number): string {
  if (kind === 'ended') return `Over after ${minutes(now - incident.openedAt)}: ${sentence}`;
  return kind === 'reminder' ? `Still, after ${minutes(now - incident.openedAt)}: ${sentence}` : sentence;
}

function minutes(ms: number): string {
  const whole = Math.max(1, Math.round(ms / 60_000));
  return whole === 1 ? '1 minute' : `${whole} minutes`;
}

function toneOf(kind: IncidentMessage['kind']): Tone {
  if (kind === 'ended') return 'ok';
  return kind === 'flapping' ? 'wait' : 'bad';
}

/** `Database of shop is down on 3 instances: connection refused.` */
function sentenceOf({ checkIds, told, cause }: Incident, checks: ReadonlyMap<string, Watched>): string {
  const members = checkIds.flatMap((id) => checks.get(id) ?? []);
  const first = members[0]?.row;
  if (first === undefined) return `A check is down: ${cause}.`;
  const isDown = members.some(({ row }) => row.status === 'down');
  const place = first.kind === 'health' ? ` of ${first.service}` : '';
  const many = members.length > 1 ? ` on ${members.length} instances` : '';
  const seen = lastOf(members.find(({ row }) => lastOf(row).outcome === 'fail')?.row ?? first);
  const why = seen.outcome === 'fail' && seen.text !== '' ? seen.text : cause;
  const what = isDown || told === 'down' ? 'is down' : 'comes and goes';
  return `${first.title}${place} ${what}${many}: ${why.replace(/\.$/, '')}.`;
}
