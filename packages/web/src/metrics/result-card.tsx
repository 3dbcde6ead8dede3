import type { MetricQueryResult } from '@belay/protocol';
import type { UseQueryResult } from '@tanstack/preact-query';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useMemo } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { ChartCard } from '../chart/chart-card.tsx';
import type { ChartData } from '../chart/chart-data.ts';
import { marksQuery } from '../explore/explore-queries.ts';
import { formatCount, plural } from '../format/numbers.ts';
import { formatValue } from '../format/values.ts';
import { Empty, Loading } from '../parts/states.tsx';
import type { LiveRange } from '../range/use-time-range.ts';
import { markOfChange } from '../signals/signal-chart.ts';
import { useUrlState } from '../shell/url-state.ts';

export interface ResultCardProps {
  readonly query: string;
  readonly result: UseQueryResult<MetricQueryResult>;
  readonly live: LiveRange;
  readonly onQuery: (query: string) => void;
}

/** The answer of a query, other questions worth asking, and what it cost to answer. */
export function ResultCard({ query, result, live, onQuery }: ResultCardProps): JSX.Element {
  const [service] = useUrlState('service', '');
  const marks = useQuery(marksQuery(useApi(), { from: live.from, to: live.to }, service));
  const answer = result.data;
  const data = useMemo(
    () =>
      answer === undefined ? null : { ...chartOf(answer, live), marks: (marks.data?.items ?? []).map(markOfChange) },
    [answer, marks.data],
  );
  if (query === '')
    return (
      <section className="card" aria-label="No query yet">
        <Empty title="Choose a metric, or write a query">
          <p>
            A metric of the list shows the question that suits its kind: how many a second for a counter, p95 for a
            histogram, the value itself for a gauge. Grafana asks the same data under <code>/prometheus</code>.
          </p>
        </Empty>
      </section>
    );
  if (result.isError) return <></>;
  if (answer === undefined || data === null)
    return (
      <section className="card">
        <Loading what="the answer" height={366} />
      </section>
    );
  return (
    <ChartCard
      title={plural(answer.seriesFound, 'series', 'series')}
      aside={
        <span className="sub num">
          {formatCount(answer.stats.samples)} values read in {formatCount(answer.stats.tookMs)} ms
        </span>
      }
      label={`Answer to ${query}`}
      height={300}
      data={data}
      format={(value) => formatValue(value, answer.unit)}
      onZoom={(from, to) => live.setRange({ kind: 'between', from: Math.round(from), to: Math.round(to) })}
    >
      {answer.warnings.length > 0 && <p className="card-foot">{answer.warnings.join(' ')}</p>}
      {answer.suggestions.length > 0 && (
        <div className="card-foot wrap-chips">
          <span className="sub">Also ask</span>
          {answer.suggestions
            .filter((suggestion) => suggestion.query !== query)
            .map((suggestion) => (
              <button
                key={suggestion.query}
                className="btn small"
                type="button"
                title={suggestion.query}
                onClick={() => onQuery(suggestion.query)}
              >
                {suggestion.title}
              </button>
            ))}
        </div>
      )}
    </ChartCard>
  );
}

function chartOf(answer: MetricQueryResult, live: LiveRange): ChartData {
  const times = Array.from({ length: answer.points }, (_, index) => answer.start + index * answer.stepSeconds * 1000);
  return {
    from: Math.min(live.from, times[0] ?? live.from),
    to: Math.max(live.to, times.at(-1) ?? live.to),
    times,
    lines: answer.series.map((series) => ({ label: shortName(series), values: series.values })),
  };
}

/** The labels alone where the query names the metric anyway. */
function shortName(series: MetricQueryResult['series'][number]): string {
  const labels = Object.entries(series.labels).filter(([name]) => name !== '__name__');
  return labels.length === 0 ? series.name : labels.map(([name, value]) => `${name}=${value}`).join(' ');
}
