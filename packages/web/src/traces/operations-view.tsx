import type { OperationView } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link, useSearch } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import type { Span } from '../explore/explore-queries.ts';
import { formatNumber, formatValue } from '../format/values.ts';
import { Choice } from '../parts/choice.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { operationsQuery } from './trace-queries.ts';

const sorts = [
  { value: 'requests', text: 'Most requests' },
  { value: 'time', text: 'Most time' },
  { value: 'p95', text: 'Slowest' },
  { value: 'errors', text: 'Most failures' },
  { value: 'change', text: 'Changed most' },
] as const;

/** Every operation with rate, failures and durations, against the time before. */
export function OperationsView({ wish }: { readonly wish: Span & { readonly service: string } }): JSX.Element {
  const [by, setBy] = useUrlState('by', 'requests');
  const sort = sorts.find((one) => one.value === by)?.value ?? 'requests';
  const list = useInfiniteQuery(operationsQuery(useApi(), { ...wish, sort }));
  const operations = list.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <>
      <div className="filter">
        <Choice label="Order" value={sort} options={sorts} onChoose={setBy} />
        <span className="sub">Small figures: the time of the same length before.</span>
      </div>
      {list.isPending && <Loading what="the operations" height={420} />}
      {list.isError && (
        <Failure error={list.error} what="The operations could not be read" onRetry={() => void list.refetch()} />
      )}
      {list.isSuccess && operations.length === 0 && (
        <Empty title="No operation in this time">Widen the time above, or choose another service.</Empty>
      )}
      {operations.length > 0 && (
        <div className="scroll-x" tabIndex={0} role="region" aria-label="Table of operations">
          <table className="tb num figures-table">
            <thead>
              <tr>
                <th scope="col">Operation</th>
                <th scope="col">Requests</th>
                <th scope="col">Failed</th>
                <th scope="col">p50</th>
                <th scope="col">p95</th>
                <th scope="col">p99</th>
                <th scope="col">Whole time</th>
              </tr>
            </thead>
            <tbody>
              {operations.map((operation) => (
                <Row key={`${operation.service}${operation.operation}${operation.kind}`} operation={operation} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <MoreRows list={list} text="Show more operations" />
    </>
  );
}

function Row({ operation }: { readonly operation: OperationView }): JSX.Element {
  const search = new URLSearchParams(useSearch());
  search.delete('show');
  search.delete('by');
  search.set('service', operation.service);
  search.set('operation', operation.operation);
  search.set('sort', 'slowest');
  const { before } = operation;
  return (
    <tr>
      <td className="nm">
        <Link href={`/explore/traces?${search.toString()}`} data-row>
          {operation.operation}
        </Link>
        <small>{operation.service}</small>
      </td>
      <Figure now={operation.ratePerSecond} before={before?.ratePerSecond} unit="/s" label="Requests" />
      <Figure now={operation.errorRatio * 100} before={scale(before?.errorRatio)} unit="%" label="Failed" isRed />
      <Figure now={operation.p50Ms} before={before?.p50Ms} unit="ms" label="p50" />
      <Figure now={operation.p95Ms} before={before?.p95Ms} unit="ms" label="p95" />
      <Figure now={operation.p99Ms} before={before?.p99Ms} unit="ms" label="p99" />
      <td data-label="Whole time">
        {formatValue(operation.totalMs, 'ms')}
        <small>{formatNumber(operation.requests)} in all</small>
      </td>
    </tr>
  );
}

function Figure(props: {
  readonly now: number;
  readonly before: number | undefined;
  readonly unit: string;
  readonly label: string;
  readonly isRed?: boolean;
}): JSX.Element {
  return (
    <td data-label={props.label}>
      <span className={props.isRed === true && props.now >= 1 ? 'trend bad' : ''}>
        {formatValue(props.now, props.unit)}
      </span>
      <small>{props.before === undefined ? 'new' : formatValue(props.before, props.unit)}</small>
    </td>
  );
}

function scale(ratio: number | undefined): number | undefined {
  return ratio === undefined ? undefined : ratio * 100;
}
