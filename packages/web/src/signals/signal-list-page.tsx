import type { SignalDimension, SignalView } from '@belay/protocol';
import { useInfiniteQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Link, useSearch } from 'wouter-preact';
import { useApi } from '../api/api-context.ts';
import { ExplorerFrame } from '../explore/explorer-frame.tsx';
import { NoTelemetry } from '../explore/no-telemetry.tsx';
import { ServiceFilter } from '../explore/service-filter.tsx';
import { useLive } from '../live/live-provider.tsx';
import { Segments } from '../parts/choice.tsx';
import { MoreRows } from '../parts/more-rows.tsx';
import { SearchField } from '../parts/search-field.tsx';
import { Empty, Failure, Loading } from '../parts/states.tsx';
import { carriedParameters } from '../range/time-range.ts';
import { useRowKeys } from '../shell/row-keys.ts';
import { useShortcut } from '../shell/shortcut-provider.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { SignalDialog } from './signal-dialog.tsx';
import { SignalSpark } from './signal-spark.tsx';
import { SignalWord } from './signal-word.tsx';
import { signalsQuery } from './signal-queries.ts';
import './signals.css';

const dimensions = [
  { value: '', text: 'All' },
  { value: 'quality', text: 'Quality' },
  { value: 'latency', text: 'Latency' },
  { value: 'throughput', text: 'Throughput' },
  { value: 'cost', text: 'Cost' },
] as const satisfies readonly { value: SignalDimension | ''; text: string }[];

/** Every signal against what is usual for it, what deserves a look first. */
export function SignalListPage(): JSX.Element {
  const [isAdding, setAdding] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  useRowKeys();
  useShortcut('search', () => field.current?.focus());
  return (
    <ExplorerFrame
      title="Signals"
      tools={
        <>
          <ServiceFilter />
          <button className="btn" type="button" onClick={() => setAdding(true)}>
            New signal
          </button>
        </>
      }
    >
      <h1 className="vh">Signals</h1>
      <List field={field} />
      {isAdding && <SignalDialog signal={null} onClose={() => setAdding(false)} />}
    </ExplorerFrame>
  );
}

function List({ field }: { readonly field: { current: HTMLInputElement | null } }): JSX.Element {
  const [search, setSearch] = useUrlState('search', '');
  const [dimension, setDimension] = useUrlState('dimension', '');
  const [service] = useUrlState('service', '');
  const chosen = dimensions.find((one) => one.value === dimension)?.value ?? '';
  const list = useInfiniteQuery(
    signalsQuery(useApi(), {
      ...(service === '' ? {} : { service }),
      ...(chosen === '' ? {} : { dimension: chosen }),
      ...(search === '' ? {} : { search }),
    }),
  );
  const isLost = useLive().freshness.value.kind === 'lost';
  const signals = list.data?.pages.flatMap((page) => page.items) ?? [];
  const isFiltered = search !== '' || chosen !== '' || service !== '';
  return (
    <section className="card" aria-label="Signals">
      <div className="filter wrapping">
        <SearchField
          label="Find a signal"
          placeholder="Find a signal by name or service"
          value={search}
          onSearch={setSearch}
          field={field}
        />
        <Segments label="What it is about" value={chosen} options={dimensions} onChoose={setDimension} />
      </div>
      {list.isPending && <Loading what="the signals" height={420} />}
      {list.isError && signals.length === 0 && (
        <Failure
          error={list.error}
          what="The signals could not be read"
          stillWorks="Rollouts are still guarded, and what services send is still stored."
          onRetry={() => void list.refetch()}
        />
      )}
      {signals.length > 0 && (
        <ul className={isLost ? 'lines-of siglist stale' : 'lines-of siglist'}>
          {signals.map((signal) => (
            <SignalRow key={signal.id} signal={signal} />
          ))}
        </ul>
      )}
      {list.isSuccess && signals.length === 0 && isFiltered && (
        <Empty title="No signal fits">Change the words, the kind or the service above.</Empty>
      )}
      {list.isSuccess && signals.length === 0 && !isFiltered && (
        <NoTelemetry title="No signal yet">
          Errors, response times and traffic of each service appear here by themselves a few minutes after it sends.
        </NoTelemetry>
      )}
      <MoreRows list={list} text="Show more signals" />
    </section>
  );
}

function SignalRow({ signal }: { readonly signal: SignalView }): JSX.Element {
  const carried = carriedParameters(useSearch());
  return (
    <li>
      <SignalWord verdict={signal.verdict} word={signal.word} tone={signal.tone} />
      <span className="what">
        <Link href={`/signals/${encodeURIComponent(signal.id)}${carried}`} data-row>
          {signal.title}
        </Link>
        {signal.service !== null && <span className="sub"> {signal.service}</span>}
        <span className="say">{signal.problem ?? signal.sentence}</span>
      </span>
      <SignalSpark signal={signal} />
      <b className="value num">{signal.current?.text ?? '–'}</b>
    </li>
  );
}
