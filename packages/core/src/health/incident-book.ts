import { failingSince, isSuspect, type CheckState } from './check-state.ts';
import { defaultNoiseRules, type NoiseRules } from './noise-rules.ts';

/** A check as the incident book sees it. */
export interface WatchedCheck {
  readonly id: string;
  /** What checks of one kind share: the same check on ten instances has one subject, and makes one message. */
  readonly subject: string;
  readonly state: CheckState;
  /** Ids of checks without which this one cannot work. */
  readonly parents: readonly string[];
}

/** One cause of trouble. Plain JSON. */
export interface Incident {
  /** `subject:cause`: what the messages of an incident have in common. */
  readonly key: string;
  readonly cause: string;
  readonly checkIds: readonly string[];
  readonly openedAt: number;
  /** What people were told last; `null` while nobody was. */
  readonly told: 'down' | 'flapping' | null;
  readonly toldAt: number;
  readonly reminders: number;
  /** The check whose trouble explains this one; nobody is told while it lasts. */
  readonly mutedBy: string | null;
  /** Not told before this time; Unix ms. */
  readonly holdUntil: number;
}

/** All open incidents, by key. Plain JSON. */
export type IncidentBook = Readonly<Record<string, Incident>>;

/** What people are told. A `page` is a new matter; reminders, endings and what gets worse soon after are not. */
export interface IncidentMessage {
  readonly kind: 'down' | 'flapping' | 'reminder' | 'ended';
  readonly page: boolean;
  readonly incident: Incident;
}

/** What {@link settle} needs besides the book. */
export interface Settling {
  /** Every check that is in trouble, suspect or named as a parent; others may be left out. */
  readonly checks: ReadonlyMap<string, WatchedCheck>;
  /** Unix ms. */
  readonly now: number;
  readonly rules?: NoiseRules;
}

/**
 * Brings the incidents up to date with the states of all checks, and says what to tell. It looks at states, not at
 * changes, so a change that was missed (a restart, a lost report) is made good by the next call.
 */
export function settle(
  book: IncidentBook,
  { checks, now, rules = defaultNoiseRules }: Settling,
): { readonly book: IncidentBook; readonly messages: readonly IncidentMessage[] } {
  const troubled = Map.groupBy(
    [...checks.values()].filter(({ state }) => isTrouble(state)),
    ({ subject, state }) => `${subject}:${state.cause ?? 'failed'}`,
  );
  const next: Record<string, Incident> = {};
  const messages: IncidentMessage[] = [];
  for (const [key, members] of troubled) {
    const known = Object.hasOwn(book, key) ? book[key] : undefined;
    const brought = bring(known ?? opened(key, members, now), members, { checks, now, rules });
    next[key] = brought.incident;
    if (brought.message !== undefined) messages.push(brought.message);
  }
  for (const incident of Object.values(book)) {
    if (Object.hasOwn(next, incident.key) || incident.told === null) continue;
    messages.push({ kind: 'ended', page: false, incident });
  }
  return { book: next, messages };
}

function opened(key: string, members: readonly WatchedCheck[], now: number): Incident {
  const cause = members[0]?.state.cause ?? 'failed';
  const checkIds = members.map(({ id }) => id);
  return { key, cause, checkIds, openedAt: now, told: null, toldAt: 0, reminders: 0, mutedBy: null, holdUntil: 0 };
}

interface Brought {
  readonly incident: Incident;
  readonly message?: IncidentMessage;
}

function bring(known: Incident, members: readonly WatchedCheck[], settling: Required<Settling>): Brought {
  const { now, rules } = settling;
  const checkIds = members.map(({ id }) => id).toSorted();
  const isDown = members.some(({ state }) => state.status === 'down');
  const mutedBy = known.told === null ? explanation(members, known, settling) : null;
  const holdUntil = mutedBy === null ? known.holdUntil : Math.max(known.holdUntil, now + holdMs(mutedBy, rules));
  const incident = { ...known, checkIds, mutedBy: mutedBy?.parent ?? null, holdUntil };
  if (incident.told === null) {
    if (mutedBy !== null || now < holdUntil) return { incident };
    return tell(incident, isDown ? 'down' : 'flapping', { now, page: true });
  }
  if (incident.told === 'flapping' && isDown) {
    // What was flapping and is down now is a new matter only to those who were told long ago.
    const isOld = now - incident.toldAt >= rules.reminderMs;
    return tell(incident, 'down', { now, page: isOld });
  }
  const isDue = now - incident.toldAt >= rules.reminderMs && incident.reminders < rules.mostReminders;
  if (!isDue) return { incident };
  const reminded = { ...incident, toldAt: now, reminders: incident.reminders + 1 };
  return { incident: reminded, message: { kind: 'reminder', page: false, incident: reminded } };
}

function tell(
  incident: Incident,
  kind: 'down' | 'flapping',
  { now, page }: { readonly now: number; readonly page: boolean },
): Brought {
  const told = { ...incident, told: kind, toldAt: now, mutedBy: null };
  return { incident: told, message: { kind, page, incident: told } };
}

interface Explanation {
  readonly parent: string;
  readonly isKnown: boolean;
}

/** After a parent that was in trouble is well again, its children get time to follow. */
function holdMs({ isKnown }: Explanation, { upAfterMs }: NoiseRules): number {
  return isKnown ? upAfterMs : 0;
}

/** A parent in trouble, or one that may be: failing but not confirmed, or not looked at since this trouble began. */
function explanation(
  members: readonly WatchedCheck[],
  { openedAt }: Incident,
  { checks, now, rules }: Required<Settling>,
): Explanation | null {
  for (const member of members) {
    const began = failingSince(member.state) ?? member.state.since;
    for (const id of ancestors(member, checks)) {
      const parent = checks.get(id);
      if (parent === undefined) continue;
      // In a ring of dependencies each would explain the other, and nobody would be told.
      const isRing = (): boolean => ancestors(parent, checks).has(member.id);
      if (isTrouble(parent.state) && !isRing()) return { parent: id, isKnown: true };
      const isUnseen = parent.state.lastAt < began && parent.state.status !== 'pending';
      const mayWait = now - openedAt < rules.parentWaitMs;
      if ((isSuspect(parent.state) || (isUnseen && mayWait)) && !isRing()) return { parent: id, isKnown: false };
    }
  }
  return null;
}

/** Parents, and theirs; a ring of dependencies ends where it began. */
function ancestors(check: WatchedCheck, checks: ReadonlyMap<string, WatchedCheck>): ReadonlySet<string> {
  const seen = new Set<string>(check.parents);
  for (const id of seen) for (const parent of checks.get(id)?.parents ?? []) if (parent !== check.id) seen.add(parent);
  seen.delete(check.id);
  return seen;
}

function isTrouble({ status }: CheckState): boolean {
  return status === 'down' || status === 'flapping';
}
