import type { RecordedChange, SignalAlarm, SignalDetail } from '@belay/protocol';

/** The one document of `belay demo drift --exit --json`. */
export interface DriftResult {
  readonly story: 'drift';
  readonly seed: number;
  readonly spans: number;
  readonly weeksBefore: number;
  /** What was done to the shop: every request takes this much longer from then on. Belay is not told. */
  readonly injected: number;
  readonly changedAt: number;
  readonly signal: string;
  readonly word: string;
  readonly sentence: string;
  readonly resolvable: string | null;
  /** Null when the drift was not found. */
  readonly found: {
    readonly by: SignalAlarm['found'];
    readonly direction: SignalAlarm['direction'];
    readonly hoursAfter: number;
    readonly deviation: number;
    /** The change that Belay names as where to look, or null. */
    readonly suspect: string | null;
  } | null;
  readonly change: { readonly id: string; readonly word: string; readonly sentence: string };
  readonly secondsToSend: number;
  readonly secondsToLearn: number;
  readonly url: string;
  /** Where the data are while it runs; commands typed there find the server. */
  readonly folder: string;
}

interface Seen {
  readonly signal: SignalDetail;
  readonly change: RecordedChange;
}

/** What Belay said of the signal and of the change. */
export function driftSeen({
  signal,
  change,
}: Seen): Pick<DriftResult, 'signal' | 'word' | 'sentence' | 'resolvable' | 'found' | 'change' | 'changedAt'> {
  const alarm = signal.alarms.toSorted((a, b) => a.raisedAt - b.raisedAt).find(({ raisedAt }) => raisedAt > change.at);
  return {
    changedAt: change.at,
    signal: signal.id,
    word: signal.word,
    sentence: signal.sentence,
    resolvable: signal.resolvable?.text ?? null,
    found:
      alarm === undefined
        ? null
        : {
            by: alarm.found,
            direction: alarm.direction,
            hoursAfter: (alarm.raisedAt - change.at) / HOUR_MS,
            deviation: alarm.deviation,
            suspect: alarm.suspects.find(({ changeId }) => changeId === change.id)?.title ?? null,
          },
    change: { id: change.id, word: change.verdict.word, sentence: change.verdict.sentence },
  };
}

/** The end of the story in a few lines. */
export function driftText(result: DriftResult): string {
  const { found, change } = result;
  return [
    '',
    result.sentence,
    `  What was wrong: every request takes ${percent(result.injected)} longer since ${new Date(result.changedAt).toISOString()}. Nobody told Belay.`,
    found === null
      ? '  Belay did not find it.'
      : `  Found ${Math.round(found.hoursAfter)} h after it began, as a ${found.by}; it was ${percent(Math.abs(found.deviation))} ${found.direction} when it was told of.`,
    ...(found?.suspect == null ? [] : [`  Where to look: "${found.suspect}".`]),
    `  The test at the change itself, in its first hour: ${change.word}. ${change.sentence}`,
    ...(result.resolvable === null ? [] : [`  ${result.resolvable}.`]),
    `  ${result.spans.toLocaleString('en')} spans sent in ${result.secondsToSend.toFixed(0)} s, five weeks learnt in ${result.secondsToLearn.toFixed(0)} s.`,
  ].join('\n');
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(2))}%`;
}

const HOUR_MS = 3_600_000;
