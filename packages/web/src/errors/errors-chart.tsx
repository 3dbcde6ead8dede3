import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { ChartCard } from '../chart/chart-card.tsx';
import type { ChartData } from '../chart/chart-data.ts';
import { formatNumber } from '../format/values.ts';
import { Loading } from '../parts/states.tsx';
import type { LiveRange } from '../range/use-time-range.ts';
import type { IssueCounts } from '@belay/protocol';
import { useIssueFilter } from './issue-filters.tsx';
import { issueCountsQuery } from './issue-queries.ts';

/** How many errors, and when, with the changes of that time. */
export function ErrorsChart({ live }: { readonly live: LiveRange }): JSX.Element | null {
  const counts = useQuery(issueCountsQuery(useApi(), useIssueFilter(live).counted));
  const chart = useMemo(() => (counts.data === undefined ? null : chartOf(counts.data)), [counts.data]);
  // The list below says what is wrong; it asks the same.
  if (counts.isError && counts.data === undefined) return null;
  if (counts.data === undefined || chart === null)
    return (
      <section className="card spaced">
        <Loading what="the errors" height={206} />
      </section>
    );
  if (counts.data.events === 0 && counts.data.open === 0) return null;
  const { events, users } = counts.data;
  return (
    <div className="spaced">
      <ChartCard
        title={`${formatNumber(events)} events`}
        aside={users > 0 && <span className="sub num">{formatNumber(users)} users met one</span>}
        label="Errors over time"
        height={130}
        data={chart}
        format={formatNumber}
        onZoom={(from, to) => live.setRange({ kind: 'between', from: Math.round(from), to: Math.round(to) })}
      />
    </div>
  );
}

function chartOf(counts: IssueCounts): ChartData {
  return {
    from: counts.from,
    to: counts.to,
    times: counts.points.map((point) => point.at),
    lines: [{ label: 'errors', values: counts.points.map((point) => point.events), colour: '--bad' }],
    isBars: true,
    marks: counts.marks.map((mark) => ({
      at: mark.at,
      label: mark.label,
      tone: 'live',
      href: mark.rolloutId === null ? null : `/changes/${encodeURIComponent(mark.rolloutId)}`,
    })),
  };
}
