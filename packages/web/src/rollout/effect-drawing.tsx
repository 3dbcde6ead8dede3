import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import { formatSigned } from '../format/numbers.ts';
import { formatClock } from '../format/times.ts';
import { bandPoints, type ChartGeometry, type KnownPoint, spreadLabels } from './chart-geometry.ts';

export interface DrawingProps {
  readonly chart: ChartGeometry;
  readonly unit: string;
  readonly isSmall: boolean;
  readonly cursor: KnownPoint | null;
}

/** The effect chart itself; the figures it shows are read out and tabulated beside it. */
export function EffectDrawing({ chart, unit, isSmall, cursor }: DrawingProps): JSX.Element {
  const id = useId();
  const { plot } = chart;
  const shapes = bandPoints(chart);
  return (
    <svg viewBox={`0 0 ${chart.width} ${chart.height}`} height={chart.height} aria-hidden="true">
      <defs>
        <pattern id={`${id}h`} width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <rect width="2" height="7" fill="var(--bad)" opacity=".16" />
        </pattern>
        <clipPath id={`${id}c`}>
          <rect x={plot.x0} y={plot.y0} width={plot.x1 - plot.x0} height={plot.y1 - plot.y0} />
        </clipPath>
      </defs>
      <Stages chart={chart} isSmall={isSmall} />
      <Forbidden chart={chart} fill={`url(#${id}h)`} />
      <Axes chart={chart} />
      <line className="zero" x1={plot.x0} x2={plot.x1} y1={chart.y(0)} y2={chart.y(0)} />
      <line className="limit" x1={plot.x0} x2={plot.x1} y1={chart.y(chart.limit)} y2={chart.y(chart.limit)} />
      <g style={{ clipPath: `url(#${id}c)` }}>
        <polygon className="band" points={shapes.band} />
        <polyline className="edge" points={shapes.upper} />
        <polyline className="edge" points={shapes.lower} />
        <polyline className="best" points={shapes.best} />
      </g>
      <End chart={chart} isSmall={isSmall} />
      <Chip
        x={plot.x0 + 9}
        y={limitLabelY(chart)}
        text={`limit ${formatSigned(chart.limit, unit === 'pt' ? Math.max(1, trim(chart.limit)) : trim(chart.limit))} ${unit}`}
        kind="bad"
      />
      <Chip x={plot.x0 + 9} y={chart.y(0) + (chart.limit > 0 ? 16 : -6)} text="same as old path" kind="" />
      {cursor !== null && (
        <g className="cursor">
          <line x1={chart.x(cursor.at)} x2={chart.x(cursor.at)} y1={plot.y0} y2={plot.y1} />
          <circle r="3.5" cx={chart.x(cursor.at)} cy={chart.y(cursor.estimate)} />
        </g>
      )}
    </svg>
  );
}

function Stages({ chart, isSmall }: { readonly chart: ChartGeometry; readonly isSmall: boolean }): JSX.Element {
  const { plot } = chart;
  return (
    <>
      {chart.stages.map((stage) => {
        const from = chart.x(stage.from);
        const width = chart.x(stage.to) - from;
        const isShare = /^[\d.]+%$/.test(stage.label);
        return (
          <g key={stage.from}>
            {stage.isShaded && (
              <rect x={from} y={plot.y0} width={width} height={plot.y1 - plot.y0} fill="var(--sunk)" />
            )}
            <line className="mark" x1={from} x2={from} y1={plot.y0 - 16} y2={plot.y1} />
            {width > (isSmall ? 24 : 34) && (
              <text className="lab" x={from + 6} y={plot.y0 - 8}>
                {isShare && width > 90
                  ? `${stage.label} of users`
                  : width < 90
                    ? stage.label.split(',')[0]
                    : stage.label}
              </text>
            )}
          </g>
        );
      })}
    </>
  );
}

function Forbidden({ chart, fill }: { readonly chart: ChartGeometry; readonly fill: string }): JSX.Element {
  const { plot } = chart;
  const edge = chart.y(chart.limit);
  const top = chart.limit > 0 ? plot.y0 : edge;
  const bottom = chart.limit > 0 ? edge : plot.y1;
  return <rect x={plot.x0} y={top} width={plot.x1 - plot.x0} height={Math.max(0, bottom - top)} fill={fill} />;
}

function Axes({ chart }: { readonly chart: ChartGeometry }): JSX.Element {
  const { plot } = chart;
  const decimals = Math.max(...chart.valueTicks.map(trim));
  return (
    <>
      {chart.valueTicks.map((value) => (
        <g key={value}>
          <line className="grid" x1={plot.x0} x2={plot.x1} y1={chart.y(value)} y2={chart.y(value)} />
          <text className="end" x={plot.x0 - 7} y={chart.y(value) + 4}>
            {value === 0 ? '0' : formatSigned(value, decimals)}
          </text>
        </g>
      ))}
      {chart.timeTicks.map((at) => (
        <text key={at} className="mid" x={chart.x(at)} y={chart.height - 7}>
          {formatClock(at, { seconds: chart.withSeconds })}
        </text>
      ))}
    </>
  );
}

/** The latest interval with its three figures; orange once all of it lies past the limit. */
function End({ chart, isSmall }: { readonly chart: ChartGeometry; readonly isSmall: boolean }): JSX.Element | null {
  const last = chart.points.at(-1);
  if (last === undefined) return null;
  const isPast = chart.limit > 0 ? last.low > chart.limit : last.high < chart.limit;
  const x = chart.x(last.at);
  const ys = spreadLabels([chart.y(last.high), chart.y(last.estimate), chart.y(last.low)], 14);
  const labels = [
    { value: last.high, word: 'highest', y: ys[0] },
    { value: last.estimate, word: 'best guess', y: ys[1] },
    { value: last.low, word: 'lowest', y: ys[2] },
  ];
  const takenBack = chart.takenBackAt === null ? null : chart.x(chart.takenBackAt);
  return (
    <g className={isPast ? 'last past' : 'last'}>
      {takenBack !== null && (
        <line className="taken-back" x1={takenBack} x2={takenBack} y1={chart.plot.y0 - 4} y2={chart.plot.y1} />
      )}
      <line className="whisker" x1={x} x2={x} y1={chart.y(last.low)} y2={chart.y(last.high)} />
      <circle cx={x} cy={chart.y(last.estimate)} r="4.5" />
      {labels.map((label) => (
        <text key={label.word} className={label.word === 'best guess' ? 'guess' : 'bound'} x={x + 9} y={label.y + 4}>
          {formatSigned(label.value, chart.decimals)}
          {isSmall ? '' : ` ${label.word}`}
        </text>
      ))}
    </g>
  );
}

function Chip(props: {
  readonly x: number;
  readonly y: number;
  readonly text: string;
  readonly kind: string;
}): JSX.Element {
  const width = props.text.length * 5.9 + 10;
  return (
    <g className={`chip-text ${props.kind}`}>
      <rect x={props.x - 4} y={props.y - 11} width={width} height="15" rx="4" />
      <text x={props.x} y={props.y}>
        {props.text}
      </text>
    </g>
  );
}

function limitLabelY(chart: ChartGeometry): number {
  const y = chart.y(chart.limit);
  return chart.limit > 0 ? Math.max(chart.plot.y0 + 12, y - 7) : Math.min(chart.plot.y1 - 4, y + 16);
}

/** Decimals a round number needs. */
function trim(value: number): number {
  return Number.isInteger(value) ? 0 : Number.isInteger(value * 10) ? 1 : 2;
}
