import type { SignalView } from '@belay/protocol';
import type { JSX } from 'preact';
import { layOutSpark } from './spark-geometry.ts';

const SIZE = { width: 168, height: 34 };
const USUAL_WIDTH = 22;

/** The last day of a signal; the grey box at its end is what is usual at this hour. */
export function SignalSpark({ signal }: { readonly signal: SignalView }): JSX.Element {
  const spark = layOutSpark(signal.sparkline, signal.usual, SIZE);
  return (
    <svg
      className={`spark ${signal.tone}`}
      viewBox={`0 0 ${SIZE.width + 6} ${SIZE.height}`}
      role="img"
      aria-label={`Last 24 hours${signal.usual === null ? '' : `, usual now ${signal.usual.text}`}`}
    >
      {spark.usual !== null && (
        <rect
          className="usual"
          x={SIZE.width - USUAL_WIDTH}
          y={spark.usual.y}
          width={USUAL_WIDTH + 5}
          height={spark.usual.height}
          rx="2"
        />
      )}
      {spark.lines.map((line) => (
        <polyline key={line} points={line} />
      ))}
      {spark.last !== null && <circle cx={spark.last.x} cy={spark.last.y} r="2.6" />}
    </svg>
  );
}
