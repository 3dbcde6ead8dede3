import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { formatUtc, formatWhen } from '../format/times.ts';
import type { ChartData } from './chart-data.ts';

const ROWS = 200;
const COLUMNS = 20;

/** The chart's numbers, newest first. */
export function ChartTable(props: {
  readonly data: ChartData;
  readonly label: string;
  readonly format: (value: number) => string;
}): JSX.Element {
  const { data, label, format } = props;
  const [rows, setRows] = useState(ROWS);
  const text = (value: number | null | undefined): string =>
    value === null || value === undefined ? '–' : format(value);
  const lines = data.lines.slice(0, COLUMNS);
  const newestFirst = data.times.map((at, index) => ({ at, index })).toReversed();
  const markAt = (at: number, next: number): string =>
    (data.marks ?? [])
      .filter((mark) => mark.at >= at && mark.at < next)
      .map((mark) => mark.label)
      .join('; ');
  return (
    <div className="tw" tabIndex={0} role="region" aria-label={`${label} as a table`}>
      <table className="num">
        <caption className="vh">{label}</caption>
        <thead>
          <tr>
            <th scope="col">Time</th>
            {lines.map((line) => (
              <th key={line.label} scope="col">
                {line.label}
              </th>
            ))}
            {data.band !== undefined && <th scope="col">{data.band.label}</th>}
            {(data.marks ?? []).length > 0 && <th scope="col">Changes</th>}
          </tr>
        </thead>
        <tbody>
          {newestFirst.slice(0, rows).map(({ at, index }) => (
            <tr key={at}>
              <td title={formatUtc(at)}>{formatWhen(at, Date.now())}</td>
              {lines.map((line) => (
                <td key={line.label}>{text(line.values[index])}</td>
              ))}
              {data.band !== undefined && (
                <td>
                  {text(data.band.low[index])} to {text(data.band.high[index])}
                </td>
              )}
              {(data.marks ?? []).length > 0 && <td>{markAt(at, data.times[index + 1] ?? data.to)}</td>}
            </tr>
          ))}
        </tbody>
      </table>
      {newestFirst.length > rows && (
        <button className="btn small more-rows" type="button" onClick={() => setRows(rows + ROWS)}>
          Show older values
        </button>
      )}
    </div>
  );
}
