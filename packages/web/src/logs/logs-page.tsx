import type { JSX } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { ExplorerFrame } from '../explore/explorer-frame.tsx';
import { ServiceFilter } from '../explore/service-filter.tsx';
import { Segments } from '../parts/choice.tsx';
import { RangePicker } from '../range/range-picker.tsx';
import { useTimeRange } from '../range/use-time-range.ts';
import { useRowKeys } from '../shell/row-keys.ts';
import { useShortcut } from '../shell/shortcut-provider.tsx';
import { useUrlState } from '../shell/url-state.ts';
import { LogHelp } from './log-help.tsx';
import { LogHistogram } from './log-histogram.tsx';
import { LogList } from './log-list.tsx';
import { LogPatterns } from './log-patterns.tsx';
import { LogTail } from './log-tail-view.tsx';
import { LogSearch } from './log-search.tsx';
import './logs.css';

const views = [
  { value: 'lines', text: 'Lines' },
  { value: 'patterns', text: 'Patterns' },
  { value: 'tail', text: 'Live' },
] as const;

/** Log lines: searched, counted by level, grouped by what they have in common, or followed live. */
export function LogsPage(): JSX.Element {
  const live = useTimeRange('1h');
  const [q, setQ] = useUrlState('q', '');
  const [service] = useUrlState('service', '');
  const [view, setView] = useUrlState('show', 'lines');
  const [isHelping, setHelping] = useState(false);
  const field = useRef<HTMLInputElement>(null);
  const wish = { q, service, from: live.from, to: live.to };
  useRowKeys();
  useShortcut('search', () => field.current?.focus());
  return (
    <ExplorerFrame
      title="Logs"
      tools={
        <>
          <ServiceFilter />
          {view !== 'tail' && <RangePicker live={live} />}
        </>
      }
    >
      <h1 className="vh">Logs</h1>
      <LogSearch q={q} onSearch={setQ} field={field} onHelp={() => setHelping(true)} />
      {view !== 'tail' && <LogHistogram wish={wish} live={live} />}
      <section className="card" aria-labelledby="lines-title">
        <header>
          <h2 id="lines-title">{views.find((one) => one.value === view)?.text ?? 'Lines'}</h2>
          <Segments label="Show" value={view} options={views} onChoose={setView} />
        </header>
        {view === 'patterns' && (
          <LogPatterns
            wish={wish}
            onChoose={(query) => {
              setQ(q === '' ? query : `${q} ${query}`);
            }}
          />
        )}
        {view === 'tail' && <LogTail q={q} service={service} onFilter={setQ} />}
        {view !== 'patterns' && view !== 'tail' && <LogList wish={wish} onFilter={setQ} />}
      </section>
      {isHelping && <LogHelp onClose={() => setHelping(false)} />}
    </ExplorerFrame>
  );
}
