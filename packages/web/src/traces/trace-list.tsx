import type { TraceSummary } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import type { Span } from '../explore/explore-queries.ts';
import { NoTelemetry } from '../explore/no-telemetry.tsx';
import { plural } from '../format/numbers.ts';
import { formatValue } from '../format/values.ts';
import { Choice } from '../parts/choice.tsx';
import { Icon } from '../parts/icon.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { SearchField } from '../parts/search-field.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { Time } from '../parts/time.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { tracesQuery } from './trace-queries.ts';

const statuses = [
  { value: 'any', text: 'All requests' },
  { value: 'error', text: 'Failed' },
  { value: 'ok', text: 'Not failed' },
] as const;
const sorts = [
  { value: 'newest', text: 'Newest first' },
  { value: 'slowest', text: 'Slowest first' },
] as const;
const least = [
  { value: '', text: 'Any duration' },
  { value: '100', text: 'From 100 ms' },
  { value: '500', text: 'From 500 ms' },
  { value: '1000', text: 'From 1 s' },
  { value: '5000', text: 'From 5 s' },
] as const;

/** Single requests from end to end, newest or slowest first. */
export function TraceList({ wish }: { readonly wish: Span & { readonly service: string } }): JSX.Element {
  const [operation, setOperation] = useUrlState('operation', '');
  const [status, setStatus] = useUrlState('status', 'any');
  const [sort, setSort] = useUrlState('sort', 'newest');
  const [minMs, setMinMs] = useUrlState('min', '');
  const list = useInfiniteQuery(
    tracesQuery(useApi(), {
      ...wish,
      operation,
      status: statuses.find((one) => one.value === status)?.value ?? 'any',
      sort: sort === 'slowest' ? 'slowest' : 'newest',
      minMs: minMs === '' ? undefined : Number(minMs),
    }),
  );
  const traces = list.data?.pages.flatMap((page) => page.items) ?? [];
  const longest = Math.max(1, ...traces.map((trace) => trace.durationMs));
  const isFiltered = operation !== '' || status !== 'any' || minMs !== '' || wish.service !== '';
  return (
    <>
      <div className="filter wrapping">
        <SearchField
          label="Operation"
          placeholder="Operation, such as GET /cart"
          value={operation}
          onSearch={setOperation}
        />
        <Choice label="Outcome" value={status} options={statuses} onChoose={setStatus} />
        <Choice label="Duration" value={minMs} options={least} onChoose={setMinMs} />
        <Choice label="Order" value={sort} options={sorts} onChoose={setSort} />
      </div>
      {list.isPending && <Loading what="the requests" height={420} />}
      {list.isError && (
        <Failure
          error={list.error}
          what="The requests could not be read"
          stillWorks="What services send is still stored."
          onRetry={() => void list.refetch()}
        />
      )}
      <ul className="traces">
        {traces.map((trace) => (
          <TraceRow key={trace.traceId} trace={trace} longest={longest} />
        ))}
      </ul>
      {list.isSuccess && traces.length === 0 && isFiltered && (
        <Empty title="No request fits">Widen the time above, or take a filter away.</Empty>
      )}
      {list.isSuccess && traces.length === 0 && !isFiltered && (
        <NoTelemetry title="No request in this time">
          Requests appear here a second after a service sends them.
        </NoTelemetry>
      )}
      <MoreRows list={list} text="Show more requests" />
    </>
  );
}

function TraceRow({ trace, longest }: { readonly trace: TraceSummary; readonly longest: number }): JSX.Element {
  return (
    <li>
      <span className={`v ${trace.errors > 0 ? 'bad' : 'ok'}`}>
        <Icon name={trace.errors > 0 ? 'octagon' : 'check'} />
        <span className="vh">{trace.errors > 0 ? 'failed' : 'went well'}</span>
      </span>
      <span className="trace-what">
        <Link href={`/explore/traces/${trace.traceId}`} data-row>
          {trace.rootOperation}
        </Link>
        <span className="sub">
          {trace.services.join(' → ')}
          {!trace.hasRoot && ' · its start is missing'}
          {trace.flags.map((flag) => (
            <span key={flag.flagKey}>{` · ${flag.flagKey} ${flag.variant}`}</span>
          ))}
        </span>
      </span>
      <span className="trace-bar num">
        <span className="meter" aria-hidden="true">
          <i className={trace.errors > 0 ? 'bad' : ''} style={{ width: `${(100 * trace.durationMs) / longest}%` }} />
        </span>
        <b>{formatValue(trace.durationMs, 'ms')}</b>
      </span>
      <span className="sub num trace-spans">
        {plural(trace.spans, 'span')}
        {trace.errors > 0 && `, ${trace.errors} failed`}
      </span>
      <span className="sub num trace-at">
        <Time at={trace.startAt} as="second" />
      </span>
    </li>
  );
}
