import { duration } from '../rollout/words/numbers.ts';

/** Which way is good; `none` where both ways out of the usual are bad. */
export type Good = 'lower' | 'higher' | 'none';

/** What is to be said of a signal, and the words for it. */
export interface SignalSaying {
  readonly verdict: 'usual' | 'higher' | 'lower' | 'past-warning' | 'past-critical' | 'learning' | 'no-data';
  readonly word: string;
  readonly tone: 'ok' | 'bad' | 'wait' | 'none';
  readonly sentence: string;
}

/** What is known of a signal at a moment; amounts in its unit. */
export interface SignalFacts {
  readonly unit: string;
  readonly good: Good;
  /** Newest value; null when nothing arrived in the last fifteen minutes. */
  readonly value: number | null;
  /** Whether any value has ever arrived. */
  readonly seen: boolean;
  /** Usual band; null without history. */
  readonly usual: { readonly low: number; readonly high: number } | null;
  readonly warning: number | null;
  readonly critical: number | null;
  /** Weeks of history. */
  readonly weeks: number;
  /** Open episode and for how long it has lasted, ms. */
  readonly episode: { readonly direction: 'up' | 'down'; readonly deviation: number; readonly lastedMs: number } | null;
}

const NOT_YET: SignalSaying = {
  verdict: 'no-data',
  word: 'Starting',
  tone: 'none',
  sentence: 'The first value comes when five minutes of data are there.',
};

/** The verdict on a signal in words: limits first, then what is usual. A limit needs no history. */
export function sayOfSignal(facts: SignalFacts): SignalSaying {
  const { value, seen, unit, usual, warning, critical, weeks, good, episode } = facts;
  if (value === null && !seen) return NOT_YET;
  if (value === null) {
    return { verdict: 'no-data', word: 'No data', tone: 'wait', sentence: 'Nothing arrived in the last 15 minutes.' };
  }
  const now = `${valueText(value, unit)} now`;
  const about = usual === null ? '' : `; usual at this hour is ${bandText(usual, unit)}`;
  if (critical !== null && isPast(value, critical, good)) {
    const sentence = `${now}, past the limit of ${valueText(critical, unit)}${about}.`;
    return { verdict: 'past-critical', word: 'Past its limit', tone: 'bad', sentence };
  }
  if (warning !== null && isPast(value, warning, good)) {
    const sentence = `${now}, past the warning of ${valueText(warning, unit)}${about}.`;
    return { verdict: 'past-warning', word: 'Past its warning', tone: 'wait', sentence };
  }
  if (weeks < 2) {
    const sentence = `${now}${about}. ${learningText(weeks)}`;
    return { verdict: 'learning', word: 'Learning', tone: 'none', sentence };
  }
  if (episode === null) return { verdict: 'usual', word: 'Usual', tone: 'ok', sentence: `${now}${about}.` };
  const isUp = episode.direction === 'up';
  const size = `About ${shareText(Math.abs(episode.deviation))} ${isUp ? 'higher' : 'lower'} than usual for ${duration(episode.lastedMs)}`;
  const sense = senseOf(episode.direction, good);
  return {
    verdict: isUp ? 'higher' : 'lower',
    word: isUp ? 'Higher than usual' : 'Lower than usual',
    tone: sense === 'worse' ? 'bad' : sense === 'better' ? 'ok' : 'wait',
    sentence: `${size}: ${now}${about}.`,
  };
}

/** Whether a deviation is worse or better by the direction that is good. */
export function senseOf(direction: 'up' | 'down', good: Good): 'worse' | 'better' | 'different' {
  if (good === 'none') return 'different';
  return (direction === 'up') === (good === 'higher') ? 'better' : 'worse';
}

/** The message of an alarm: complete by itself. */
export function alarmSentence(alarm: {
  readonly title: string;
  readonly service: string | null;
  readonly direction: 'up' | 'down';
  readonly deviation: number;
  readonly lastedMs: number;
}): string {
  const of = alarm.service === null ? '' : ` of ${alarm.service}`;
  const than = alarm.direction === 'up' ? 'higher' : 'lower';
  return `${alarm.title}${of}: about ${shareText(Math.abs(alarm.deviation))} ${than} than usual for ${duration(alarm.lastedMs)}.`;
}

/** `2% requested; this signal resolves 5.2% within a day, 9.6% within 6 h`. */
export function resolvableText(requested: number, within24h: number, within6h: number): string {
  return `${shareText(requested)} requested; this signal resolves ${shareText(within24h)} within a day, ${shareText(within6h)} within 6 h`;
}

/** An amount with its unit: `1.93%`, `604 ms`, `3,580/min`, `0.0031 USD`. */
export function valueText(value: number, unit: string): string {
  const text = numberText(value);
  if (unit === '' || unit === '%' || unit.startsWith('/')) return `${text}${unit}`;
  return `${text} ${unit}`;
}

/** `0.8% to 1.2%`. */
export function bandText({ low, high }: { readonly low: number; readonly high: number }, unit: string): string {
  return `${valueText(low, unit)} to ${valueText(high, unit)}`;
}

/** A share with two digits: `5.2%`, `0.4%`, `120%`. */
export function shareText(share: number): string {
  const percent = share * 100;
  return `${percent >= 9.95 ? Math.round(percent) : Number(percent.toPrecision(2))}%`;
}

function numberText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1000) return String(Math.round(value)).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
  return String(Number(value.toPrecision(3)));
}

function isPast(value: number, limit: number, good: Good): boolean {
  return good === 'higher' ? value < limit : value > limit;
}

function learningText(weeks: number): string {
  const left = Math.ceil((2 - weeks) * 7);
  return `Belay learns what is usual; alarms can be raised in ${left} day${left === 1 ? '' : 's'}.`;
}
