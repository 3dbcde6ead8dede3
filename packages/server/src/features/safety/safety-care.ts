import type { SafetySource, SafetyView } from '@belay/protocol';
import { duration } from '@belay/core/rollout';
import type { Care } from '../changes/api.ts';

const SOON_MS = 3_600_000;
const TONES = { ok: 'ok', warn: 'wait', fail: 'bad' } as const;
const TROUBLE = {
  late: 'has no fresh proven backup',
  failing: 'could not be backed up',
  never: 'was never backed up',
} as const;

/** What data safety says on the first screen: one line, and the databases that somebody should look at. */
export function safetyCare({ at, state, sources, destinations }: SafetyView): Care {
  if (sources.length === 0) return { net: [], todos: [] };
  const ages = sources.flatMap(({ ageMs }) => (ageMs === null ? [] : [ageMs]));
  const proven = sources.filter(({ newestProven }) => newestProven !== null).length;
  const oldest = ages.length < sources.length ? 'not all are proven yet' : `${duration(Math.max(...ages))} old at most`;
  const places = destinations.length === 1 ? 'one place' : `${destinations.length} places`;
  return {
    net: [
      {
        tone: TONES[state],
        title: 'Backups',
        detail: `Restored as a test, in ${places}: ${oldest}`,
        state: `${proven} of ${sources.length} proven`,
      },
    ],
    todos: sources.flatMap((source) => todoOf(source, at)),
  };
}

function todoOf({ name, state, problem, nextAt }: SafetySource, now: number): Care['todos'] {
  if (state === 'ok' || state === 'unproven') return [];
  // A new source gets its first backup by itself within minutes.
  if (state === 'never' && nextAt !== null && nextAt - now < SOON_MS) return [];
  return [{ tone: 'bad', title: `${name} ${TROUBLE[state]}`, detail: problem ?? '', verb: 'Look', href: '/safety' }];
}
