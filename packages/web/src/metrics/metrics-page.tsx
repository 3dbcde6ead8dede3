import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { ExplorerFrame } from '../explore/explorer-frame.tsx';
import { ServiceFilter } from '../explore/service-filter.tsx';
import { RangePicker } from '../range/range-picker.tsx';
import { useTimeRange } from '../range/use-time-range.ts';
import { useShortcut } from '../shell/shortcut-provider.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { Catalogue } from './catalogue.tsx';
import { promqlQuery } from './metric-queries.ts';
import { QueryBox } from './query-box.tsx';
import { ResultCard } from './result-card.tsx';
import './metrics.css';

/** Any metric: found by name, asked with PromQL, shown as chart or table. */
export function MetricsPage(): JSX.Element {
  const live = useTimeRange('1h');
  const [query, setQuery] = useUrlState('query', '');
  const result = useQuery(promqlQuery(useApi(), query, { from: live.from, to: live.to }));
  const field = useRef<HTMLInputElement>(null);
  useShortcut('search', () => field.current?.focus());
  return (
    <ExplorerFrame
      title="Metrics"
      tools={
        <>
          <ServiceFilter />
          <RangePicker live={live} />
        </>
      }
    >
      <h1 className="vh">Metrics</h1>
      <div className="metrics">
        <div className="stack">
          <QueryBox
            query={query}
            error={result.error}
            isBusy={result.isFetching}
            onRun={(next) => {
              if (next === query) void result.refetch();
              else setQuery(next);
            }}
          />
          <ResultCard query={query} result={result} live={live} onQuery={setQuery} />
        </div>
        <Catalogue field={field} chosen={query} onChoose={setQuery} />
      </div>
    </ExplorerFrame>
  );
}
