import type { ComponentChildren, JSX } from 'preact';
import { useId } from 'preact/hooks';
import { useUrlState } from '../shell/url-state.ts';
import { ChartTable } from './chart-table.tsx';
import { TelemetryChart, type TelemetryChartProps } from './telemetry-chart.tsx';

export interface ChartCardProps extends TelemetryChartProps {
  readonly title: string;
  /** Stands beside the title. */
  readonly aside?: ComponentChildren;
  readonly children?: ComponentChildren;
}

/** A chart with its title, and the same numbers as a table for whoever prefers that; the address keeps which. */
export function ChartCard({ title, aside, children, ...chart }: ChartCardProps): JSX.Element {
  const [view, setView] = useUrlState('view', 'chart');
  const heading = useId();
  return (
    <section className="card" aria-labelledby={heading}>
      <header>
        <h2 id={heading}>{title}</h2>
        {aside}
        <ViewSwitch view={view} onView={setView} />
      </header>
      {view === 'table' ? (
        <ChartTable data={chart.data} label={chart.label} format={chart.format} />
      ) : (
        <TelemetryChart {...chart} />
      )}
      {children}
    </section>
  );
}

export function ViewSwitch(props: {
  readonly view: string;
  readonly onView: (view: 'chart' | 'table') => void;
}): JSX.Element {
  return (
    <span className="seg" role="group" aria-label="Show as">
      <button type="button" aria-pressed={props.view !== 'table'} onClick={() => props.onView('chart')}>
        Chart
      </button>
      <button type="button" aria-pressed={props.view === 'table'} onClick={() => props.onView('table')}>
        Table
      </button>
    </span>
  );
}
