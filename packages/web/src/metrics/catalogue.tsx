import type { CardinalityView, MetricView } from '@belay/protocol';
import { useInfiniteQuery, useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useApi } from '../api/api-context.ts';
import { NoTelemetry } from '../explore/no-telemetry.tsx';
import { plural } from '../format/numbers.ts';
import { Icon } from '../parts/icon.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { SearchField } from '../parts/search-field.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { useRowKeys } from '../shell/row-keys.ts';
import { useUrlState } from '../shell/url-state.ts';
import { cardinalityQuery, metricsQuery } from './metric-queries.ts';

const kinds = {
  gauge: 'value',
  sum: 'counter',
  histogram: 'histogram',
  exponential: 'histogram',
  summary: 'summary',
  unknown: 'value',
} as const satisfies Record<MetricView['kind'], string>;

/** Every metric that is sent, found by words; a press shows the question that suits its kind. */
export function Catalogue(props: {
  readonly field: { current: HTMLInputElement | null };
  readonly chosen: string;
  readonly onChoose: (query: string) => void;
}): JSX.Element {
  const [q, setQ] = useUrlState('q', '');
  const [service] = useUrlState('service', '');
  const list = useInfiniteQuery(metricsQuery(useApi(), { q, service }));
  const metrics = list.data?.pages.flatMap((page) => page.items) ?? [];
  useRowKeys();
  return (
    <section className="card catalogue" aria-label="Metrics">
      <div className="filter">
        <SearchField label="Find a metric" placeholder="Find a metric" value={q} onSearch={setQ} field={props.field} />
      </div>
      <Exploding />
      {list.isPending && <Loading what="the metrics" height={420} />}
      {list.isError && metrics.length === 0 && (
        <Failure
          error={list.error}
          what="The metrics could not be listed"
          stillWorks="Queries still work."
          onRetry={() => void list.refetch()}
        />
      )}
      <ul>
        {metrics.map((metric) => (
          <MetricRow key={metric.metric} metric={metric} chosen={props.chosen} onChoose={props.onChoose} />
        ))}
      </ul>
      {list.isSuccess &&
        metrics.length === 0 &&
        (q === '' && service === '' ? (
          <NoTelemetry title="No metric yet">
            Metrics come by OpenTelemetry, or from a Prometheus that writes to this address.
          </NoTelemetry>
        ) : (
          <Empty title="No metric fits">Change the words or the service.</Empty>
        ))}
      <MoreRows list={list} text="Show more metrics" />
    </section>
  );
}

function MetricRow(props: {
  readonly metric: MetricView;
  readonly chosen: string;
  readonly onChoose: (query: string) => void;
}): JSX.Element {
  const { metric, chosen, onChoose } = props;
  const isChosen = metric.suggestions.some((suggestion) => suggestion.query === chosen);
  return (
    <li>
      <button
        type="button"
        data-row
        aria-pressed={isChosen}
        onClick={() => onChoose(metric.suggestions[0]?.query ?? metric.prom)}
      >
        <span className="mono">{metric.metric}</span>
        <span className="sub">
          {kinds[metric.kind]}
          {metric.unit !== '' && metric.unit !== '1' && `, ${metric.unit}`} ·{' '}
          {plural(metric.series, 'series', 'series')}
          {metric.services.length > 0 && ` · ${metric.services.slice(0, 2).join(', ')}`}
          {metric.services.length > 2 && ` and ${metric.services.length - 2} more`}
        </span>
        {metric.description !== '' && <span className="sub clip">{metric.description}</span>}
      </button>
    </li>
  );
}

/** Services whose labels make too many series: said here, where one would look for what is missing. */
function Exploding(): JSX.Element | null {
  const report = useQuery(cardinalityQuery(useApi()));
  const loud = (report.data?.items ?? []).filter((one: CardinalityView) => one.state !== 'ok');
  if (loud.length === 0) return null;
  return (
    <ul className="exploding">
      {loud.map((one) => (
        <li key={one.service}>
          <span className={`v ${one.state === 'refusing' ? 'bad' : 'wait'}`}>
            <Icon name={one.state === 'refusing' ? 'octagon' : 'triangle'} />
            {one.service}
          </span>
          <span className="sub">{one.advice}</span>
        </li>
      ))}
    </ul>
  );
}
