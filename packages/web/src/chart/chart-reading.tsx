import type { JSX } from 'preact';
import { formatUtc, formatWhen } from '../format/times.ts';
import { type ChartData, lineLook } from './chart-data.ts';

const MOST_READ = 12;

/** The values at the cursor, or which line is which; always the same height, so that nothing below it jumps. */
export function ChartReading(props: {
  readonly data: ChartData;
  readonly index: number | null;
  readonly format: (value: number) => string;
  readonly note: string;
}): JSX.Element {
  const { data, index, format, note } = props;
  const at = index === null ? undefined : data.times[index];
  const text = (value: number | null | undefined): string =>
    value === null || value === undefined ? 'no value' : format(value);
  const isLegend = data.lines.length > 1 || at !== undefined;
  return (
    <figcaption className="tread num" aria-live="polite">
      {at !== undefined && index !== null && <b title={formatUtc(at)}>{formatWhen(at, Date.now())}</b>}
      {isLegend &&
        data.lines.slice(0, MOST_READ).map((line, position) => (
          <span key={line.label} className="leg">
            <Swatch token={lineLook(line, position).token} isDashed={lineLook(line, position).dash.length > 0} />
            <span className="leg-name">{line.label}</span>
            {index !== null && at !== undefined && <b>{text(line.values[index])}</b>}
          </span>
        ))}
      {isLegend && data.lines.length > MOST_READ && <span>and {data.lines.length - MOST_READ} more in the table</span>}
      {data.band !== undefined && index !== null && at !== undefined && data.band.low[index] !== null && (
        <span>
          {data.band.label} {text(data.band.low[index])} to {text(data.band.high[index])}
        </span>
      )}
      {at === undefined && note !== '' && <span>{note}</span>}
    </figcaption>
  );
}

function Swatch({ token, isDashed }: { readonly token: string; readonly isDashed: boolean }): JSX.Element {
  return <i className={isDashed ? 'sw dashed' : 'sw'} style={{ color: `var(${token})` }} aria-hidden="true" />;
}
