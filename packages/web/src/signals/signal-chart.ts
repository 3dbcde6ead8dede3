import type { ChangeMark, SignalSeries } from '@belay/protocol';
import type { ChartData, ChartMark } from '../chart/chart-data.ts';
import { formatValue } from '../format/values.ts';

/** What the chart of a signal shows: values, the usual band, limits, and every change in that time. */
export function chartOfSignal(series: SignalSeries, signal: { readonly title: string }): ChartData {
  const { points, unit } = series;
  const limit = (value: number | null, word: string, kind: 'target' | 'critical') =>
    value === null ? [] : [{ value, label: `${word} ${formatValue(value, unit)}`, kind }];
  return {
    from: series.from,
    to: series.to,
    times: points.map((point) => point.at),
    lines: [{ label: signal.title, values: points.map((point) => point.value) }],
    band: points.some((point) => point.low !== null)
      ? { label: 'usual', low: points.map((point) => point.low), high: points.map((point) => point.high) }
      : undefined,
    limits: [
      ...limit(series.critical, 'limit', 'critical'),
      ...(series.warning === series.target ? [] : limit(series.warning, 'warning', 'target')),
      ...limit(series.target, 'target', 'target'),
    ],
    marks: series.marks.map(markOfChange),
  };
}

/** A change as a mark that leads to its page. */
export function markOfChange(mark: ChangeMark): ChartMark {
  return {
    at: mark.at,
    label: mark.version === null ? mark.title : `${mark.title} (${mark.version})`,
    tone: mark.tone,
    href: hrefOfChange(mark),
  };
}

export function hrefOfChange(mark: { readonly rolloutId: string | null }): string | null {
  return mark.rolloutId === null ? null : `/changes/${encodeURIComponent(mark.rolloutId)}`;
}
