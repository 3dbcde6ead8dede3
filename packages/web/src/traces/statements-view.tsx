import type { QueryPattern } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { Link } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import type { Span } from '../explore/explore-queries.ts';
import { formatNumber, formatValue } from '../format/values.ts';
import { Choice } from '../parts/choice.tsx';
import { Icon } from '../parts/icon.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { statementsQuery } from './trace-queries.ts';

const sorts = [
  { value: 'time', text: 'Most time' },
  { value: 'n-plus-one', text: 'Repeated in one request' },
  { value: 'slowest', text: 'Slowest' },
  { value: 'calls', text: 'Most calls' },
] as const;

/** What each endpoint asks of its databases, with statements that are repeated within one request. */
export function StatementsView({ wish }: { readonly wish: Span & { readonly service: string } }): JSX.Element {
  const [by, setBy] = useUrlState('by', 'time');
  const sort = sorts.find((one) => one.value === by)?.value ?? 'time';
  const list = useQuery(statementsQuery(useApi(), { ...wish, sort }));
  return (
    <>
      <div className="filter">
        <Choice label="Order" value={sort} options={sorts} onChoose={setBy} />
      </div>
      {list.isPending && <Loading what="the statements" height={420} />}
      {list.isError && list.data === undefined && (
        <Failure error={list.error} what="The statements could not be read" onRetry={() => void list.refetch()} />
      )}
      {list.data?.items.length === 0 && (
        <Empty title="No statement in this time">
          They come from spans of databases, which OpenTelemetry’s instrumentations make by themselves.
        </Empty>
      )}
      <ul className="statements">
        {list.data?.items.map((one) => (
          <Statement key={`${one.service}${one.operation}${one.statement}`} pattern={one} />
        ))}
      </ul>
    </>
  );
}

function Statement({ pattern }: { readonly pattern: QueryPattern }): JSX.Element {
  return (
    <li>
      <div>
        <code className="mono">{pattern.statement}</code>
        <p className="sub">
          {pattern.operation === '' ? 'outside of a request' : pattern.operation} · {pattern.service} · {pattern.system}
        </p>
        {pattern.nPlusOne !== null && (
          <p className="v wait">
            <Icon name="triangle" />
            {pattern.nPlusOne.sentence}
          </p>
        )}
        {pattern.evidence.length > 0 && (
          <p className="sub">
            Look at{' '}
            {pattern.evidence.slice(0, 3).map((one) => (
              <Link key={one.traceId} className="link" href={`/explore/traces/${one.traceId}`}>
                {`${one.calls}× in ${formatValue(one.ms, 'ms')} `}
              </Link>
            ))}
          </p>
        )}
      </div>
      <dl className="num">
        <div>
          <dt>Whole time</dt>
          <dd>{formatValue(pattern.totalMs, 'ms')}</dd>
        </div>
        <div>
          <dt>Calls</dt>
          <dd>{formatNumber(pattern.calls)}</dd>
        </div>
        <div>
          <dt>p95</dt>
          <dd>{formatValue(pattern.p95Ms, 'ms')}</dd>
        </div>
        <div>
          <dt>In one request</dt>
          <dd>{formatNumber(pattern.callsPerRequest.p50)}</dd>
        </div>
      </dl>
    </li>
  );
}
