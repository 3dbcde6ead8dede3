import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { ServiceFilter } from '../explore/service-filter.tsx';
import { RangePicker } from '../range/range-picker.tsx';
import { type LiveRange, useTimeRange } from '../range/use-time-range.ts';
import { PageFrame } from '../shell/page-frame.tsx';
import { useShortcut } from '../shell/shortcut-provider.tsx';
import { ErrorsChart } from './errors-chart.tsx';
import { IssueFilters, useIssueFilter } from './issue-filters.tsx';
import { IssueList } from './issue-list.tsx';
import { issueCountsQuery } from './issue-queries.ts';
import '../explore/explore.css';
import './errors.css';

/** What breaks, grouped, new first; the same error of every release is one line. */
export function ErrorsPage(): JSX.Element {
  const live = useTimeRange('24h');
  const field = useRef<HTMLInputElement>(null);
  useShortcut('search', () => field.current?.focus());
  return (
    <PageFrame title="Errors" here="Errors">
      <div className="hero">
        <div>
          <h1>Errors</h1>
          <Headline live={live} />
        </div>
        <div className="acts">
          <ServiceFilter />
          <RangePicker live={live} />
        </div>
      </div>
      <ErrorsChart live={live} />
      <section className="card" aria-label="Errors">
        <IssueFilters field={field} />
        <IssueList live={live} />
      </section>
    </PageFrame>
  );
}

function Headline({ live }: { readonly live: LiveRange }): JSX.Element {
  const counts = useQuery(issueCountsQuery(useApi(), useIssueFilter(live).counted));
  if (counts.data === undefined) return <p>&nbsp;</p>;
  const { open, regressed, spiking } = counts.data;
  const parts = [
    `${counts.data.new} new`,
    regressed > 0 ? `${regressed} came back` : '',
    spiking > 0 ? `${spiking} more often than usual` : '',
  ].filter((part) => part !== '');
  return <p className="num">{open === 0 ? 'Nothing is open.' : `${open} open: ${parts.join(', ')}.`}</p>;
}
