import type { GuardView } from '@belay/protocol';
import type { JSX } from 'preact';
import { verdictIcons } from '../format/verdict-icons.ts';
import { AXIS_LIMIT, AXIS_SAME, placeInterval } from './interval-geometry.ts';

/**
 * One guard on the axis all guards share: right is always worse, and the dashed line is the limit. It is decoration for
 * the sentence beside it, which says the same in words.
 */
export function IntervalBar({ guard }: { readonly guard: GuardView }): JSX.Element {
  const { tone } = verdictIcons[guard.verdict];
  if (guard.scaled === null) return <ProgressBar guard={guard} />;
  const place = placeInterval(guard.scaled);
  return (
    <span className={`fr v ${tone}`} aria-hidden="true">
      <span className="hz" style={{ left: `${AXIS_LIMIT}%` }} />
      <span className="z" style={{ left: `${AXIS_SAME}%` }} />
      <span className="l" style={{ left: `${AXIS_LIMIT}%` }} />
      <span className="b" style={{ left: `${place.left}%`, width: `${place.width}%` }} />
      <span className="p" style={{ left: `${place.point}%` }} />
      {place.isBeyondRight && <span className="off">›</span>}
    </span>
  );
}

function ProgressBar({ guard }: { readonly guard: GuardView }): JSX.Element {
  const { progress } = guard;
  const done = progress === null || progress.need === 0 ? 0 : Math.min(1, progress.have / progress.need);
  return (
    <span className="fr plain" aria-hidden="true">
      <span className="prog">
        <i style={{ width: `${done * 100}%` }} />
      </span>
    </span>
  );
}
