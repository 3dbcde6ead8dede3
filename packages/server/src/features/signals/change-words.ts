import { duration } from '@belay/core/rollout';
import { shareText } from '@belay/core/baseline';
import type { ChangeEffect, RecordedChange, Tone } from '@belay/protocol';
import type { StoredChange } from './recorded-change-store.ts';

type State = ChangeEffect['state'];

const WORDS: Readonly<Record<State, string>> = {
  watching: 'Watching',
  worse: 'Worse',
  better: 'Better',
  different: 'Different',
  'no-change': 'No change seen',
  'too-little-history': 'Too little history',
  'no-data': 'No data',
};

export function toneOf(state: State): Tone {
  if (state === 'worse') return 'bad';
  if (state === 'watching') return 'live';
  if (state === 'better' || state === 'no-change') return 'ok';
  return state === 'different' ? 'wait' : 'none';
}

/** What a change did to one signal, in a sentence. */
export function effectSentence(effect: Omit<ChangeEffect, 'sentence'>): string {
  const { title, state, change, minutes, p, placebos } = effect;
  const size = `${shareText(Math.abs(change ?? 0))} ${(change ?? 0) >= 0 ? 'higher' : 'lower'}`;
  switch (state) {
    case 'watching':
      return `${title}: nothing can be said yet.`;
    case 'no-data':
      return `${title}: no data around the change.`;
    case 'too-little-history':
      return `${title}: under a week of history, so only limits are watched.`;
    case 'no-change':
      return `${title}: no more than at moments without a change.`;
    default:
      return `${title}: about ${size} after ${minutes ?? 0} min; ${oftenText(p, placebos)}.`;
  }
}

/** The verdict of all signals together, in a sentence: the worst first. */
export function changeSentence(change: StoredChange): string {
  const { effects, verdict, minutes } = change;
  if (verdict === 'watching' && minutes === 0) return 'Just happened: the first comparison comes after 5 minutes.';
  const named = effects.filter(({ state }) => state === verdict).map(({ sentence }) => sentence);
  const after = `${duration(minutes * 60_000)} after the change`;
  if (verdict === 'worse' || verdict === 'better' || verdict === 'different') return named.slice(0, 3).join(' ');
  if (verdict === 'no-change') return `${after}, no signal moved more than it does without a change.`;
  if (verdict === 'too-little-history') {
    return 'Under a week of history: a before/after test would err too often, so only limits are watched.';
  }
  return verdict === 'no-data'
    ? 'No signal of this service had data around the change.'
    : `${after}, nothing can be said yet.`;
}

export function verdictView(change: StoredChange, untilMs: number): RecordedChange['verdict'] {
  return {
    state: change.verdict,
    word: WORDS[change.verdict],
    tone: toneOf(change.verdict),
    sentence: changeSentence(change),
    until: change.at + untilMs,
    minutes: change.minutes,
  };
}

/** The state of several signals as one: what is worse counts before all else. */
export function togetherState(states: readonly State[]): State {
  const order: readonly State[] = [
    'worse',
    'different',
    'better',
    'watching',
    'no-change',
    'too-little-history',
    'no-data',
  ];
  return order.find((state) => states.includes(state)) ?? 'no-data';
}

function oftenText(p: number | null, placebos: number): string {
  if (p === null) return 'past its limit';
  const seen = Math.max(0, Math.round(p * (placebos + 1)) - 1);
  return seen === 0
    ? `none of ${placebos} moments without a change looked like this`
    : `${seen} of ${placebos} moments without a change looked like this`;
}
