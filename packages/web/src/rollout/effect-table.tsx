import type { RolloutSeries } from '@belay/protocol';
import type { JSX } from 'preact';
import { formatShare, formatSigned } from '../format/numbers.ts';
import { formatClock, formatUtc } from '../format/times.ts';

const UNIT_WORDS = { points: 'points', ms: 'ms', percent: '%' } as const;

/** The chart's numbers, newest first. */
export function EffectTable({
  series,
  title,
}: {
  readonly series: RolloutSeries;
  readonly title: string;
}): JSX.Element {
  const decimals = series.unit === 'points' ? 2 : 1;
  const text = (value: number | null): string => (value === null ? '–' : formatSigned(value, decimals));
  return (
    <div className="tw" tabIndex={0} role="region" aria-label="Effect over time as a table">
      <table className="num">
        <caption className="vh">{title}: new path minus old path</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            <th scope="col">Share</th>
            <th scope="col">Best guess ({UNIT_WORDS[series.unit]})</th>
            <th scope="col">Lowest</th>
            <th scope="col">Highest</th>
          </tr>
        </thead>
        <tbody>
          {series.points.toReversed().map((point) => (
            <tr key={point.at}>
              <td title={formatUtc(point.at)}>{formatClock(point.at, { seconds: true })}</td>
              <td>{formatShare(point.share)}</td>
              <td>{text(point.estimate)}</td>
              <td>{text(point.low)}</td>
              <td>{text(point.high)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
