import type { CheckStatusView, Tone } from '@belay/protocol';

const WORDS = {
  down: ['Down', 'bad'],
  flapping: ['Comes and goes', 'wait'],
  failing: ['Failed just now', 'wait'],
  silent: ['Silent', 'wait'],
  warn: ['Warning', 'wait'],
  pending: ['Not run yet', 'none'],
  up: ['Fine', 'ok'],
} as const satisfies Readonly<Record<CheckStatusView, readonly [word: string, tone: Tone]>>;

export function wordOf(status: CheckStatusView): string {
  return WORDS[status][0];
}

export function toneOf(status: CheckStatusView): Tone {
  return WORDS[status][1];
}

/** `2 of 40 checks are down.` */
export function headlineOf(
  counts: Readonly<Record<CheckStatusView, number>>,
  total: number,
): { readonly headline: string; readonly tone: Tone } {
  if (total === 0) return { headline: 'Nothing is checked yet.', tone: 'none' };
  if (counts.down > 0) return { headline: `${counts.down} of ${checks(total)} ${are(counts.down)} down.`, tone: 'bad' };
  const restless = counts.flapping + counts.failing;
  if (restless > 0)
    return { headline: `${restless} of ${checks(total)} ${are(restless)} failing at times.`, tone: 'wait' };
  if (counts.silent > 0)
    return { headline: `${counts.silent} of ${checks(total)} ${are(counts.silent)} silent.`, tone: 'wait' };
  if (counts.warn > 0)
    return { headline: `${counts.warn} of ${checks(total)} ${counts.warn === 1 ? 'warns' : 'warn'}.`, tone: 'wait' };
  if (counts.up === 0) return { headline: 'Checks are starting.', tone: 'none' };
  return { headline: total === 1 ? 'The one check is fine.' : `All ${total} checks are fine.`, tone: 'ok' };
}

function checks(total: number): string {
  return total === 1 ? '1 check' : `${total} checks`;
}

function are(count: number): string {
  return count === 1 ? 'is' : 'are';
}
