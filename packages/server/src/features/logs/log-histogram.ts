import type { LogFilter, LogHistogram } from '@belay/protocol';
import type { TimeRange } from '../../platform/http/time-range.ts';
import type { TelemetryReader } from '../telemetry/api.ts';
import { logQuestionIn } from './log-question.ts';
import { addToLevel, LEVEL_INDEX, noLevels } from './log-row.ts';

const SECOND = 1000;
const STEPS_MS = [
  ...[1, 2, 5, 10, 15, 30].map((seconds) => seconds * SECOND),
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * 60 * SECOND),
  ...[1, 2, 3, 6, 12, 24, 48, 168].map((hours) => hours * 3600 * SECOND),
];

/** Lines over time by level, in steps of a length that people like. */
export async function logHistogram(
  reader: TelemetryReader,
  { filter, range, steps }: { readonly filter: LogFilter; readonly range: TimeRange; readonly steps: number },
): Promise<LogHistogram> {
  const stepMs = stepOf(range, steps);
  const { condition, parameters } = logQuestionIn(filter, range);
  const rows = await reader.rows<{ at: number; level: number; n: number }>(
    `SELECT intDiv(toUnixTimestamp64Milli(ts), ${stepMs}) * ${stepMs} AS at, ${LEVEL_INDEX} AS level, sum(weight) AS n
     FROM logs WHERE ${condition} GROUP BY at, level`,
    { name: 'logs.histogram', parameters: parameters.values },
  );
  const from = Math.floor(range.fromMs / stepMs) * stepMs;
  const count = Math.ceil((range.toMs - from) / stepMs);
  const points = Array.from({ length: count }, (_, step) => ({ at: from + step * stepMs, levels: noLevels() }));
  const levels = noLevels();
  let total = 0;
  for (const { at, level, n } of rows) {
    const point = points[(at - from) / stepMs];
    if (point !== undefined) addToLevel(point.levels, level, n);
    addToLevel(levels, level, n);
    total += n;
  }
  return { from: range.fromMs, to: range.toMs, stepMs, total, levels, points };
}

/** The smallest step that needs no more than the wanted number of points. */
export function stepOf({ fromMs, toMs }: TimeRange, steps: number): number {
  const least = (toMs - fromMs) / steps;
  const step = STEPS_MS.find((length) => length >= least);
  const week = STEPS_MS.at(-1) ?? SECOND;
  return step ?? Math.ceil(least / week) * week;
}
