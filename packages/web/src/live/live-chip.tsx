import type { JSX } from 'preact';
import { formatClock, formatDuration } from '../format/times.ts';
import type { Freshness } from './live-state.ts';
import { useLive } from './live-provider.tsx';

/** The chip in the top bar that says how old everything on the page is. Disconnected never looks healthy. */
export function LiveChip(): JSX.Element {
  const { freshness } = useLive();
  const [tone, short, long] = words(freshness.value);
  return (
    <span className={`chip ${tone}`}>
      <span className="pulse" />
      {short}
      {long !== '' && <span className="hide-s num">{long}</span>}
    </span>
  );
}

function words(state: Freshness): readonly [tone: 'live' | 'idle' | 'lost', short: string, long: string] {
  switch (state.kind) {
    case 'connecting':
      return ['idle', 'Connecting', ''];
    case 'live':
      return ['live', 'Live', `· data ${Math.max(1, Math.round(state.dataAgeMs / 1000))} s old`];
    case 'no-data':
      return ['idle', 'Live', '· no data yet'];
    case 'quiet':
      return ['lost', `No data since ${formatAge(state.since)}`, ''];
    case 'lost':
      return ['lost', `Can’t see live data since ${formatAge(state.since)}`, ''];
  }
}

/** A clock time within the last half day, else how long ago. */
function formatAge(since: number): string {
  const age = Date.now() - since;
  return age < 12 * 3_600_000 ? formatClock(since) : `${formatDuration(age)} ago`;
}
