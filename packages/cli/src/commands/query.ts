import type { MetricQueryResult } from '@belay/protocol';
import { exitCode, type ExitCode } from '../exit-code.ts';
import type { CommonFlags, Run } from '../run.ts';
import { sparkline } from '../sparkline.ts';
import { formatTable } from '../table.ts';

export interface QueryFlags extends CommonFlags {
  readonly from: (now: number) => number;
  readonly to: (now: number) => number;
  /** Milliseconds. */
  readonly step?: number;
  readonly limit: number;
}

const BARS = 30;

/** Runs a PromQL query over a time range. */
export async function query(run: Run, flags: QueryFlags, promql: string): Promise<ExitCode> {
  const now = run.world.clock.now();
  const api = await run.api();
  const result = await api.call('metricQuery', {
    body: {
      query: promql,
      from: flags.from(now),
      to: flags.to(now),
      maxSeries: flags.limit,
      ...(flags.step === undefined ? {} : { stepSeconds: Math.max(1, Math.round(flags.step / 1000)) }),
    },
  });
  run.output.answer(result, () => queryText(result));
  for (const warning of result.warnings) run.output.notice(warning);
  return exitCode.done;
}

/** A line for each series: its last value, what it ranged over, and how it went. */
export function queryText(result: MetricQueryResult): string {
  const { series, unit, start, stepSeconds, points } = result;
  if (series.length === 0) return 'Nothing was measured in that time. Metrics there are: GET /api/v1/metrics.';
  const rows = series.map(({ name, values }) => {
    const present = values.filter((value) => value !== null);
    const mean = present.reduce((sum, value) => sum + value, 0) / present.length;
    const of = (value: number | undefined): string => (value === undefined ? '-' : formatNumber(value));
    if (present.length === 0) return [name, '-', '-', '-', '-', ''];
    const [least, most] = [Math.min(...present), Math.max(...present)];
    return [name, of(present.at(-1)), of(least), of(mean), of(most), sparkline(values, BARS)];
  });
  const until = new Date(start + (points - 1) * stepSeconds * 1000).toISOString();
  const caption = `${new Date(start).toISOString()} to ${until}, a point every ${stepSeconds} s${unit === '' ? '' : `, in ${unit}`}`;
  return `${formatTable(['series', 'last', 'least', 'mean', 'most', ''], rows)}\n${caption}`;
}

/** Four digits that matter, without an exponent where that is short. */
function formatNumber(value: number): string {
  const size = Math.abs(value);
  if (value === 0 || (size >= 1e-3 && size < 1e12)) return String(Number(value.toPrecision(size >= 1e4 ? 12 : 4)));
  return value.toPrecision(4);
}
