import type { JSX } from 'preact';
import { ExplorerFrame } from '../explore/explorer-frame.tsx';
import { ServiceFilter } from '../explore/service-filter.tsx';
import { Segments } from '../parts/choice.tsx';
import { RangePicker } from '../range/range-picker.tsx';
import { useTimeRange } from '../range/use-time-range.ts';
import { useRowKeys } from '../shell/row-keys.ts';
import { useUrlState } from '../shell/url-state.ts';
import { CompareView } from './compare-view.tsx';
import { OperationsView } from './operations-view.tsx';
import { ServiceMapView } from './service-map-view.tsx';
import { StatementsView } from './statements-view.tsx';
import { TraceList } from './trace-list.tsx';
import './traces.css';

const views = [
  { value: 'list', text: 'Requests' },
  { value: 'operations', text: 'Operations' },
  { value: 'map', text: 'Service map' },
  { value: 'statements', text: 'Database' },
  { value: 'compare', text: 'New and old path' },
] as const;

/** Requests from end to end: single ones, operations, who calls whom, statements, and a change's two paths. */
export function TracesPage(): JSX.Element {
  const live = useTimeRange('1h');
  const [view, setView] = useUrlState('show', 'list');
  const [service] = useUrlState('service', '');
  useRowKeys();
  const wish = { from: live.from, to: live.to, service };
  return (
    <ExplorerFrame
      title="Traces"
      tools={
        <>
          <ServiceFilter />
          <RangePicker live={live} />
        </>
      }
    >
      <h1 className="vh">Traces</h1>
      <section className="card" aria-labelledby="traces-title">
        <header>
          <h2 id="traces-title">{views.find((one) => one.value === view)?.text ?? 'Requests'}</h2>
          <Segments label="Show" value={view} options={views} onChoose={setView} />
        </header>
        {view === 'operations' && <OperationsView wish={wish} />}
        {view === 'map' && <ServiceMapView wish={wish} />}
        {view === 'statements' && <StatementsView wish={wish} />}
        {view === 'compare' && <CompareView wish={wish} />}
        {!['operations', 'map', 'statements', 'compare'].includes(view) && <TraceList wish={wish} />}
      </section>
    </ExplorerFrame>
  );
}
