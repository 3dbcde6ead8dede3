import type { TimeRange } from '../../platform/http/time-range.ts';
import { createSqlParameters, type TelemetryReader, timeBounds } from '../telemetry/api.ts';

/** One trace in how many is looked at, so that no more than `most` spans are. Whole traces are in or out. */
export async function traceSampling(
  reader: TelemetryReader,
  range: TimeRange,
  { condition, most }: { readonly condition: string; readonly most: number },
): Promise<number> {
  const parameters = createSqlParameters();
  const [row] = await reader.rows<{ n: number }>(
    `SELECT count() AS n FROM spans WHERE ${timeBounds(parameters, range)} AND ${condition}`,
    { name: 'traces.count', parameters: parameters.values },
  );
  return Math.max(1, Math.ceil((row?.n ?? 0) / most));
}
