import type { JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Link } from 'wouter-preact';
import { toneIcons } from '../format/verdict-icons.ts';
import { Icon } from '../parts/icon.tsx';
import { type ChartData, type ChartMark, LEFT, RIGHT } from './chart-data.ts';
import { ChartReading } from './chart-reading.tsx';
import type { Drawing } from './uplot-drawing.ts';
import './chart.css';

export interface TelemetryChartProps {
  readonly data: ChartData;
  /** What the chart shows, for people who cannot see it. */
  readonly label: string;
  readonly height?: number;
  readonly format: (value: number) => string;
  /** A span was dragged over. */
  readonly onZoom?: (from: number, to: number) => void;
  /** What stands below while nothing is pointed at. */
  readonly note?: string;
}

/** A chart over time whose values can be read with pointer, arrow keys, or ears. Its height never changes. */
export function TelemetryChart(props: TelemetryChartProps): JSX.Element {
  const { data, label, height = 240, format, note = '' } = props;
  const [cursor, setCursor] = useState<number | null>(null);
  const [box, drawing, isLost] = useDrawing({ ...props, height }, setCursor);
  const last = data.times.length - 1;
  const onKey = (event: KeyboardEvent): void => {
    const next = { ArrowLeft: (cursor ?? last + 1) - 1, ArrowRight: (cursor ?? -1) + 1, Home: 0, End: last }[event.key];
    if (event.key === 'Escape') setCursor(null);
    if (next === undefined || last < 0) return;
    event.preventDefault();
    const index = Math.max(0, Math.min(last, next));
    setCursor(index);
    drawing.current?.point(index);
  };
  return (
    <figure className="tchart">
      <div
        className="plot"
        style={{ height: `${height}px` }}
        role="group"
        tabIndex={0}
        aria-label={`${label}. Use the arrow keys to read values.`}
        onKeyDown={onKey}
        onPointerLeave={() => setCursor(null)}
        onBlur={() => {
          setCursor(null);
          drawing.current?.point(null);
        }}
      >
        <div ref={box} aria-hidden="true" />
        {data.times.length === 0 && <p className="plot-empty">No values in this time.</p>}
        {isLost && <p className="plot-empty">The chart could not be loaded. The table has the same numbers.</p>}
        {(data.marks ?? []).map((mark) => (
          <MarkLink key={`${mark.at}${mark.label}`} mark={mark} data={data} />
        ))}
      </div>
      <ChartReading data={data} index={cursor} format={format} note={note} />
    </figure>
  );
}

function MarkLink({ mark, data }: { readonly mark: ChartMark; readonly data: ChartData }): JSX.Element | null {
  const place = (mark.at - data.from) / (data.to - data.from);
  if (!(place >= 0 && place <= 1)) return null;
  const style = { left: `calc(${LEFT}px + (100% - ${LEFT + RIGHT}px) * ${place})` };
  const icon = <Icon name={toneIcons[mark.tone]} />;
  if (mark.href === null)
    return (
      <span className={`pm ${mark.tone}`} style={style} title={mark.label} role="img" aria-label={mark.label}>
        {icon}
      </span>
    );
  return (
    <Link className={`pm ${mark.tone}`} style={style} href={mark.href} title={mark.label} aria-label={mark.label}>
      {icon}
    </Link>
  );
}

/** Loads the drawing when it is first needed, keeps it in step with data, width and theme, and closes it. */
function useDrawing(
  props: TelemetryChartProps & { readonly height: number },
  onCursor: (index: number | null) => void,
): readonly [{ current: HTMLDivElement | null }, { current: Drawing | null }, boolean] {
  const box = useRef<HTMLDivElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const latest = useRef(props);
  const [isLost, setLost] = useState(false);
  latest.current = props;
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    let isClosed = false;
    const resize = new ResizeObserver(() => drawing.current?.setSize(element.clientWidth, latest.current.height));
    const theme = new MutationObserver(() => drawing.current?.repaint());
    import('./uplot-drawing.ts').then(
      ({ drawChart }) => {
        if (isClosed) return;
        drawing.current = drawChart(element, latest.current.data, {
          width: element.clientWidth,
          height: latest.current.height,
          format: (value) => latest.current.format(value),
          onCursor,
          ...(props.onZoom === undefined
            ? {}
            : { onZoom: (from: number, to: number) => latest.current.onZoom?.(from, to) }),
        });
        resize.observe(element);
        theme.observe(document.documentElement, { attributeFilter: ['data-theme'] });
      },
      () => setLost(true),
    );
    return () => {
      isClosed = true;
      resize.disconnect();
      theme.disconnect();
      drawing.current?.close();
      drawing.current = null;
    };
    // The drawing lives as long as the box; data follows below.
  }, []);
  useEffect(() => drawing.current?.setData(props.data), [props.data]);
  return [box, drawing, isLost];
}
