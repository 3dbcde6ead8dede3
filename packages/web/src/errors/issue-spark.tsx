import type { Sparkline } from '@belay/protocol';
import type { JSX } from 'preact';

const WIDTH = 120;
const HEIGHT = 28;

/** How often it happened over the shown time, as bars. */
export function IssueSpark({ spark }: { readonly spark: Sparkline }): JSX.Element {
  const most = Math.max(1, ...spark.counts);
  const step = WIDTH / Math.max(1, spark.counts.length);
  return (
    <svg className="ispark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} aria-hidden="true" preserveAspectRatio="none">
      {spark.counts.map((count, index) => {
        const height = count === 0 ? 1 : Math.max(2.5, (count / most) * HEIGHT);
        return (
          <rect
            key={`${index}`}
            className={count === 0 ? 'none' : ''}
            x={index * step}
            y={HEIGHT - height}
            width={Math.max(1, step - 1)}
            height={height}
          />
        );
      })}
    </svg>
  );
}
