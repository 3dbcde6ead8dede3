import type { GuardView, RolloutSeries } from '@belay/protocol';
import { useQuery } from '@tanstack/preact-query';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useApi } from '../api/api-context.ts';
import { seriesQuery } from '../api/queries.ts';
import { formatSigned } from '../format/numbers.ts';
import { formatClock } from '../format/times.ts';
import { Failure, Loading } from '../parts/states.tsx';
import { type ChartGeometry, layOutChart, nearestPoint } from './chart-geometry.ts';
import { EffectDrawing } from './effect-drawing.tsx';
import { EffectTable } from './effect-table.tsx';

const SMALL_BELOW = 520;

export interface EffectCardProps {
  readonly rolloutId: string;
  readonly guard: GuardView;
  readonly view: 'chart' | 'table';
  readonly onView: (view: 'chart' | 'table') => void;
}

/** The difference new minus old over time, as a chart or the same numbers as a table. */
export function EffectCard({ rolloutId, guard, view, onView }: EffectCardProps): JSX.Element {
  const series = useQuery(seriesQuery(useApi(), rolloutId, guard.id));
  return (
    <section className="card" aria-labelledby="effect-title">
      <header>
        <h2 id="effect-title">{guard.title}: new path minus old path</h2>
        <span className="seg" role="group" aria-label="Show as">
          <button type="button" aria-pressed={view === 'chart'} onClick={() => onView('chart')}>
            Chart
          </button>
          <button type="button" aria-pressed={view === 'table'} onClick={() => onView('table')}>
            Table
          </button>
        </span>
      </header>
      {series.data !== undefined &&
        (view === 'table' ? (
          <EffectTable series={series.data} title={guard.title} />
        ) : (
          <EffectChart series={series.data} />
        ))}
      {series.isPending && <Loading what="the chart" height={250} />}
      {series.isError && series.data === undefined && (
        <Failure
          error={series.error}
          what="The chart could not be read"
          stillWorks="Rollouts are still guarded; charts are not shown."
          onRetry={() => void series.refetch()}
        />
      )}
    </section>
  );
}

/** The unit as written beside a figure. */
export function unitText(unit: RolloutSeries['unit']): string {
  return { points: 'pt', ms: 'ms', percent: '%' }[unit];
}

function EffectChart({ series }: { readonly series: RolloutSeries }): JSX.Element {
  const [box, width] = useWidth();
  const [cursor, setCursor] = useState<number | null>(null);
  const isSmall = width < SMALL_BELOW;
  const chart = useMemo(() => (width === 0 ? null : layOutChart(series, { width, isSmall })), [series, width, isSmall]);
  const hasPoints = series.points.some((point) => point.estimate !== null);
  const last = (chart?.points.length ?? 1) - 1;
  const onKey = (event: KeyboardEvent): void => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    setCursor(Math.max(0, Math.min(last, (cursor ?? last) + step)));
  };
  const onMove = (event: PointerEvent): void => {
    if (chart === null || !(event.currentTarget instanceof HTMLElement)) return;
    setCursor(nearestPoint(chart, event.clientX - event.currentTarget.getBoundingClientRect().left - 8));
  };
  return (
    <>
      <div
        ref={box}
        className="chart"
        role="group"
        tabIndex={0}
        aria-label="Effect over time. Use the arrow keys to read values."
        onKeyDown={onKey}
        onPointerMove={onMove}
        onPointerLeave={() => setCursor(null)}
        onBlur={() => setCursor(null)}
      >
        {chart === null ? (
          <p className="chart-empty">{hasPoints ? '' : 'The band appears once enough traffic has been compared.'}</p>
        ) : (
          <EffectDrawing
            chart={chart}
            unit={unitText(series.unit)}
            isSmall={isSmall}
            cursor={cursor === null ? null : (chart.points[cursor] ?? null)}
          />
        )}
      </div>
      <Reading chart={chart} cursor={cursor} unit={unitText(series.unit)} />
    </>
  );
}

function Reading(props: {
  readonly chart: ChartGeometry | null;
  readonly cursor: number | null;
  readonly unit: string;
}): JSX.Element {
  const point = props.cursor === null ? undefined : props.chart?.points[props.cursor];
  const decimals = props.chart?.decimals ?? 2;
  return (
    <p className="read" aria-live="polite">
      {point === undefined ? (
        'The band is where the true difference lies, with 95% confidence at every moment, however often you look. It narrows as traffic arrives.'
      ) : (
        <>
          <b className="num">{formatClock(point.at, { seconds: true })}</b> best guess{' '}
          <b className="num">
            {formatSigned(point.estimate, decimals)} {props.unit}
          </b>
          , between <b className="num">{formatSigned(point.low, decimals)}</b> and{' '}
          <b className="num">
            {formatSigned(point.high, decimals)} {props.unit}
          </b>
        </>
      )}
    </p>
  );
}

function useWidth(): readonly [{ current: HTMLDivElement | null }, number] {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(() => setWidth(Math.max(280, element.clientWidth - 16)));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return [box, width];
}
