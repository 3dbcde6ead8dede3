import type { EngineReading } from '../../statistics/engine-types.ts';
import { allowedActions } from '../allowed-actions.ts';
import { coolDownUntil } from '../cool-down.ts';
import type { Freeze, LedgerTone, RolloutState } from '../types.ts';
import { harmRange, type GuardWords } from './guard-words.ts';
import { heldSentence } from './held-words.ts';
import { counted, duration, limitText, nameOfShare } from './numbers.ts';

/** What the sentences of a rollout depend on. */
export interface RolloutFacts {
  readonly now: number;
  /** Null before the first block. */
  readonly reading: EngineReading | null;
  /** Words of each guard, by id. */
  readonly guards: ReadonlyMap<string, GuardWords>;
  /** Longest time until a guard that cannot tell yet will; null when unknown. */
  readonly etaMs: number | null;
  readonly frozen: Freeze | null;
  /** When the last instance confirmed the old path; null before. */
  readonly undoneAt: number | null;
  /** Tells a time of day: `14:12:37`, or `14:12` without seconds. */
  readonly clockTime: (at: number, precision: 'second' | 'minute') => string;
}

/** A headline with its detail, and the colour family of both. */
export interface Banner {
  readonly tone: LedgerTone;
  readonly headline: string;
  readonly detail: string;
}

/** What happens next by itself. */
export interface NextWords {
  readonly label: string;
  readonly what: string;
  readonly condition: string;
  readonly at: number | null;
}

/** `Going out`, `Kept`, `Rolled back`, `Stopped by you`, `Held`, `Waiting`, `Draft`. */
export function statusWord({ status, ending }: RolloutState): string {
  switch (status) {
    case 'draft':
      return 'Draft';
    case 'scheduled':
      return 'Waiting';
    case 'running':
      return 'Going out';
    case 'held':
      return 'Held';
    case 'completed':
      return 'Kept';
    case 'cancelled':
      return 'Stopped by you';
    case 'rolled-back':
      return ending?.code === 'person' || ending?.code === 'kill' ? 'Stopped by you' : 'Rolled back';
  }
}

/** The verdict on the whole rollout: the same strings on every surface. */
export function verdictBanner(state: RolloutState, facts: RolloutFacts): Banner {
  switch (state.status) {
    case 'draft':
      return { tone: 'none', headline: 'Nothing has gone out yet.', detail: 'Start it when you are ready.' };
    case 'scheduled':
      return {
        tone: 'wait',
        headline: 'Waiting for an approval.',
        detail: 'The first stage begins once a person approves it.',
      };
    case 'running':
      return runningBanner(state, facts);
    case 'held':
      return heldBanner(state, facts);
    case 'completed':
      return { tone: 'ok', headline: 'Kept: everybody has the new path.', detail: keptDetail(state, facts) };
    case 'cancelled':
      return {
        tone: 'none',
        headline: 'Discarded before it went out.',
        detail: state.ending?.reason ?? 'Nobody got the new path.',
      };
    case 'rolled-back':
      return rolledBackBanner(state, facts);
  }
}

/** Banner in one line, for lists and the command line. */
export function verdictSentence(banner: Banner): string {
  return `${banner.headline} ${banner.detail}`.trim();
}

/** What Belay will do next without being asked; null when nothing. */
export function nextWords(state: RolloutState, facts: RolloutFacts): NextWords | null {
  if (state.status === 'rolled-back') return retryWords(state, facts);
  if (state.status === 'held') {
    return { label: 'Next, by you', what: heldNext(state), condition: 'Guards keep watching.', at: null };
  }
  const record = state.stages.at(-1);
  const stage = state.plan.stages[state.stage];
  if (state.status !== 'running' || record === undefined || stage === undefined) return null;
  const upcoming = state.plan.stages[state.stage + 1];
  const at = facts.now + Math.max(0, stage.soakMs - record.guardedMs);
  const time = `at about ${facts.clockTime(at, 'minute')}`;
  if (facts.frozen?.kind === 'broken-invariant') {
    const what = 'Nothing goes on while data is not as it must be';
    return { label: 'Blocked', what, condition: `${facts.frozen.name}.`, at: null };
  }
  if (facts.frozen !== null) {
    const until = facts.clockTime(facts.frozen.until, 'minute');
    return {
      label: 'Frozen',
      what: `Nothing goes on before ${until}`,
      condition: `${facts.frozen.name}.`,
      at: facts.frozen.until,
    };
  }
  const what = upcoming === undefined ? `Done ${time}` : `${nameOfShare(upcoming.share)} ${time}`;
  const condition =
    state.plan.promote === 'evidence'
      ? `if nothing gets worse; earlier once all ${guardCount(state)} have ruled out harm`
      : `if all ${guardCount(state)} hold`;
  return { label: 'Next, by itself', what, condition, at };
}

function runningBanner(state: RolloutState, facts: RolloutFacts): Banner {
  const { reading } = facts;
  if (state.noData !== null) {
    const detail = heldSentence(state.noData.cause === 'no-exposures' ? 'no-exposures' : 'no-telemetry', state, facts);
    return { tone: 'wait', headline: 'Nothing can be judged right now.', detail };
  }
  if (reading === null) {
    return {
      tone: 'live',
      headline: 'Just started.',
      detail: `${nameOfShare(shareOf(state))} of users get the new path; the first outcomes are on their way.`,
    };
  }
  if (reading.wallet >= state.plan.warnAt) {
    const title = titleOf(state, reading.leading);
    return {
      tone: 'wait',
      headline: `${title} may be getting worse.`,
      detail: 'Not going on until it is clear; past the limit it rolls back by itself.',
    };
  }
  return { tone: 'live', headline: 'Nothing is worse so far.', detail: progressDetail(state, facts) };
}

function progressDetail(state: RolloutState, facts: RolloutFacts): string {
  const words = state.plan.guards.flatMap(({ id, title }) => {
    const known = facts.guards.get(id);
    return known === undefined
      ? []
      : [{ title, isDone: known.isSafe || known.verdict === 'not-worse' || known.verdict === 'better' }];
  });
  const open = words.filter(({ isDone }) => !isDone);
  if (open.length === 0) return `All ${counted(words.length, 'guard')} have ruled out harm.`;
  const done = words.length - open.length;
  const names = listed(open.map(({ title }) => title));
  const need = open.length === 1 ? 'needs' : 'need';
  const time = facts.etaMs === null ? 'more traffic' : `about ${duration(facts.etaMs)} more of traffic`;
  return `${done} of ${counted(words.length, 'guard')} ${done === 1 ? 'has' : 'have'} ruled out harm. ${names} ${need} ${time}.`;
}

function heldBanner(state: RolloutState, facts: RolloutFacts): Banner {
  const since = state.held === null ? '' : ` since ${facts.clockTime(state.held.since, 'second')}`;
  const code = state.held?.code ?? 'person';
  return {
    tone: code === 'harm' ? 'bad' : 'wait',
    headline: `Held at ${nameOfShare(shareOf(state))}${since}.`,
    detail: heldSentence(code, state, facts),
  };
}

function rolledBackBanner(state: RolloutState, facts: RolloutFacts): Banner {
  const { ending } = state;
  if (ending === null) return { tone: 'bad', headline: 'Rolled back.', detail: '' };
  const at = facts.clockTime(ending.at, 'second');
  const record = state.stages.at(-1);
  const into =
    record === undefined ? '' : `, ${duration(ending.at - record.startedAt)} into ${nameOfShare(ending.share)}`;
  const byHand = ending.code === 'person' || ending.code === 'kill';
  const headline = byHand
    ? `Rolled back by ${ending.actor.name} at ${at}${into}.`
    : `Rolled back by itself at ${at}${into}.`;
  return { tone: 'bad', headline, detail: `${endingDetail(state, facts)} ${undoneDetail(facts)}`.trim() };
}

function endingDetail(state: RolloutState, facts: RolloutFacts): string {
  const { ending } = state;
  switch (ending?.code) {
    case 'harm':
      return harmDetail(state, facts);
    case 'trip':
      return `${ending.trip?.instance ?? 'An instance'} cut the new path off itself: ${ending.trip?.errors ?? 0} of ${ending.trip?.units ?? 0} requests failed there.`;
    case 'no-data':
      return 'Nothing could be measured, and the plan says to take it back then.';
    case 'person':
    case 'kill':
      return ending.reason ?? '';
    case 'kept':
    case 'cancelled':
    case undefined:
      return '';
  }
}

function harmDetail(state: RolloutState, facts: RolloutFacts): string {
  const guard = state.plan.guards.find(({ id }) => id === state.ending?.guard);
  const words = guard === undefined ? undefined : facts.guards.get(guard.id);
  if (guard === undefined || words === undefined) return 'A guard crossed its limit.';
  const limit = limitText(words.limit, words.unit);
  if (guard.options.kind === 'ceiling') return `${guard.title} rose past your ceiling of ${limit}%.`;
  if (words.interval === null) return `${guard.title} went past your limit of ${limit}.`;
  const verb = guard.worseSign === 1 ? 'rose' : 'fell';
  return `${guard.title} ${verb} by ${harmRange(words.interval, words.unit, guard.worseSign)}, past your limit of ${limit}.`;
}

function undoneDetail({ undoneAt, clockTime }: RolloutFacts): string {
  if (undoneAt === null) return 'The old path is on its way back to every instance.';
  return `Everyone is back on the old path since ${clockTime(undoneAt, 'second')}.`;
}

function keptDetail(state: RolloutState, facts: RolloutFacts): string {
  const took = state.startedAt === null || state.ending === null ? null : state.ending.at - state.startedAt;
  const at = state.ending === null ? '' : ` since ${facts.clockTime(state.ending.at, 'second')}`;
  const time = took === null ? '' : ` It took ${duration(took)}.`;
  return `Nothing got worse while it went out${at === '' ? '' : `; complete${at}`}.${time}`;
}

function retryWords(state: RolloutState, { now, clockTime }: RolloutFacts): NextWords | null {
  const until = coolDownUntil(state);
  if (until === null) return null;
  if (state.failures >= state.plan.maxAttempts) {
    return {
      label: 'No more tries',
      what: `${counted(state.failures, 'attempt')} of ${state.plan.maxAttempts} used`,
      condition: 'Give the mended change a variant of its own.',
      at: null,
    };
  }
  const cooled = duration(until - (state.ending?.at ?? until));
  const condition = allowedActions(state).includes('acknowledge')
    ? 'once the cause is named'
    : `after a ${cooled} cool-down`;
  return {
    label: 'Can try again',
    what: until > now ? `from ${clockTime(until, 'minute')}` : 'now',
    condition,
    at: until,
  };
}

function heldNext(state: RolloutState): string {
  const upcoming = state.plan.stages[state.stage + 1];
  if (state.held?.code === 'approval' && upcoming !== undefined)
    return `Approve ${nameOfShare(upcoming.share)}, or roll back`;
  return 'Resume, or roll back';
}

function shareOf(state: RolloutState): number {
  return state.plan.stages[state.stage]?.share ?? 0;
}

function titleOf(state: RolloutState, id: string | null): string {
  return state.plan.guards.find((guard) => guard.id === id)?.title ?? 'A guard';
}

function guardCount(state: RolloutState): string {
  return counted(state.plan.guards.length, 'guard');
}

/** `Cost`, `Cost and helpfulness`, `Cost, speed and helpfulness`. */
function listed(names: readonly string[]): string {
  const [first = '', ...rest] = names;
  const lower = rest.map((name) => name.charAt(0).toLowerCase() + name.slice(1));
  const last = lower.pop();
  if (last === undefined) return first;
  return `${[first, ...lower].join(', ')} and ${last}`;
}
