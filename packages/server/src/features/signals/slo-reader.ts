import type { TelemetryReader } from '../telemetry/api.ts';
import type { SignalDefinition } from './signal-definition.ts';
import { DAY_MS, HOUR_MS, SLOT_MS } from './signals-context.ts';

/** What a stretch of time held of a signal. */
export interface WindowSums {
  /** Slots with a value, and those within the target. */
  readonly slots: number;
  readonly within: number;
  /** Events, and bad ones, of a ratio. */
  readonly events: number;
  readonly bad: number;
}

export interface SloSums {
  readonly windows: Readonly<Record<WindowName, WindowSums>>;
  /** Medians of the last seven days and the seven before; null without values. */
  readonly week: number | null;
  readonly weekBefore: number | null;
}

export const WINDOWS = {
  hour: HOUR_MS,
  sixHours: 6 * HOUR_MS,
  d7: 7 * DAY_MS,
  d14: 14 * DAY_MS,
  d28: 28 * DAY_MS,
  d90: 90 * DAY_MS,
} as const;
export type WindowName = keyof typeof WINDOWS;

const NAMES = ['hour', 'sixHours', 'd7', 'd14', 'd28', 'd90'] as const satisfies readonly WindowName[];

/** Slots that a window can hold. */
export function slotsIn(window: WindowName): number {
  return WINDOWS[window] / SLOT_MS;
}

interface Wanted {
  readonly key: string;
  readonly definition: SignalDefinition;
}

/** Sums of many signals with one question. */
export async function readSloSums(
  reader: TelemetryReader,
  wanted: readonly Wanted[],
  now: number,
): Promise<ReadonlyMap<string, SloSums>> {
  if (wanted.length === 0) return new Map();
  const columns = NAMES.flatMap((name) => {
    const inside = `ts >= {${name}:DateTime('UTC')}`;
    return [
      `countIf(${inside}) AS slots_${name}`,
      `countIf(${inside} AND ((higher = 1 AND value >= target) OR (higher = 0 AND value <= target))) AS within_${name}`,
      `sumIf(n, ${inside} AND n > 0) AS events_${name}`,
      `sumIf(n * if(higher = 1, 100 - value, value) / 100, ${inside} AND n > 0) AS bad_${name}`,
    ];
  });
  const rows = await reader.rows<Record<string, number | null> & { key: string }>(
    `SELECT key, ${columns.join(', ')},
      quantileExactInclusiveIf(0.5)(value, ts >= {d7:DateTime('UTC')}) AS week,
      quantileExactInclusiveIf(0.5)(value, ts < {d7:DateTime('UTC')} AND ts >= {d14:DateTime('UTC')}) AS week_before
    FROM (
      SELECT toString(signal) AS key, ts, argMax(value, seen) AS value, argMax(n, seen) AS n,
        transform(key, {keys:Array(String)}, {targets:Array(Float64)}, toFloat64(0)) AS target,
        transform(key, {keys:Array(String)}, {higher:Array(UInt8)}, toUInt8(0)) AS higher
      FROM signal_5m WHERE signal IN {keys:Array(String)} AND ts >= {d90:DateTime('UTC')} GROUP BY signal, ts
    ) GROUP BY key`,
    { name: 'signals.slo', parameters: { ...timesOf(now), ...listsOf(wanted) }, maxRowsRead: 100_000_000 },
  );
  return new Map(rows.map((row) => [row.key, sumsOf(row)]));
}

function timesOf(now: number): Record<string, number> {
  return Object.fromEntries(NAMES.map((name) => [name, Math.floor((now - WINDOWS[name]) / 1000)]));
}

function listsOf(wanted: readonly Wanted[]) {
  return {
    keys: wanted.map(({ key }) => key),
    targets: wanted.map(({ definition }) => definition.target ?? 0),
    higher: wanted.map(({ definition }) => (definition.good === 'higher' ? 1 : 0)),
  };
}

function sumsOf(row: Readonly<Record<string, number | string | null>>): SloSums {
  const number = (name: string): number => Number(row[name] ?? 0);
  const window = (name: WindowName): WindowSums => ({
    slots: number(`slots_${name}`),
    within: number(`within_${name}`),
    events: number(`events_${name}`),
    bad: number(`bad_${name}`),
  });
  const windows = {
    hour: window('hour'),
    sixHours: window('sixHours'),
    d7: window('d7'),
    d14: window('d14'),
    d28: window('d28'),
    d90: window('d90'),
  };
  return {
    windows,
    week: windows.d7.slots === 0 ? null : number('week'),
    weekBefore: windows.d14.slots === windows.d7.slots ? null : number('week_before'),
  };
}
