import type { JSX } from 'preact';
import { formatNumber } from '../format/values.ts';

const SHOWN = 5;

/** The most frequent values of something, as bars with numbers. */
export function ValueBars(props: {
  readonly title: string;
  readonly values: readonly { readonly value: string; readonly events: number; readonly note?: string }[];
}): JSX.Element | null {
  const { title, values } = props;
  if (values.length === 0) return null;
  const all = values.reduce((sum, one) => sum + one.events, 0);
  return (
    <section className="bars">
      <h3>{title}</h3>
      <ul>
        {values.slice(0, SHOWN).map((one) => (
          <li key={one.value}>
            <span className="bars-value">{one.value === '' ? 'not given' : one.value}</span>
            <span className="num">
              {formatNumber(one.events)}
              {one.note !== undefined && one.note !== '' && <span className="sub"> {one.note}</span>}
            </span>
            <span className="meter" aria-hidden="true">
              <i style={{ width: `${all === 0 ? 0 : (100 * one.events) / all}%` }} />
            </span>
          </li>
        ))}
      </ul>
      {values.length > SHOWN && <p className="sub">and {values.length - SHOWN} more</p>}
    </section>
  );
}
