import type { LogHistogram as Histogram } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { ChartCard } from '../chart/chart-card.tsx';
import type { ChartData } from '../chart/chart-data.ts';
import { formatNumber } from '../format/values.ts';
import { Loading } from '../parts/states.tsx';
import type { LiveRange } from '../range/use-time-range.ts';
import { levels } from './log-levels.ts';
import { logHistogramQuery, type LogWish } from './log-queries.ts';

/** Lines over time by level; a drag over it looks closer. */
export function LogHistogram({ wish, live }: { readonly wish: LogWish; readonly live: LiveRange }): JSX.Element | null {
  const histogram = useQuery(logHistogramQuery(useApi(), wish));
  const data = useMemo(() => (histogram.data === undefined ? null : chartOf(histogram.data)), [histogram.data]);
  // The list below says what is wrong; it asks the same.
  if (histogram.isError && histogram.data === undefined) return null;
  if (histogram.data === undefined || data === null)
    return (
      <section className="card spaced">
        <Loading what="the counts" height={176} />
      </section>
    );
  return (
    <div className="spaced">
      <ChartCard
        title={`${formatNumber(histogram.data.total)} lines`}
        label="Lines by level over time"
        height={110}
        data={data}
        format={formatNumber}
        note="Drag over the chart to look closer."
        onZoom={(from, to) => live.setRange({ kind: 'between', from: Math.round(from), to: Math.round(to) })}
      />
    </div>
  );
}

function chartOf(histogram: Histogram): ChartData {
  return {
    from: histogram.from,
    to: histogram.to,
    times: histogram.points.map((point) => point.at),
    isBars: true,
    lines: levels
      .filter(({ level }) => histogram.levels[level] > 0)
      .map(({ level, label, colour }) => ({
        label,
        colour,
        values: histogram.points.map((point) => point.levels[level]),
      })),
  };
}
