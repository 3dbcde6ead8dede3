import type { SlotValue } from '@belay/core/baseline';
import { encodeNativeBlock } from '../../platform/clickhouse/native-block.ts';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import { newSignalPoints, signalPointsTable, type TelemetryReader } from '../telemetry/api.ts';

export interface PointRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Values of signals, kept for a year. */
export interface SignalPoints {
  /** Stores values; the same slot written again replaces what was there. */
  write(key: string, slots: readonly SlotValue[]): Promise<void>;
  /** Values of five minutes, oldest first. */
  read(key: string, range: PointRange): Promise<SlotValue[]>;
  /** Medians of longer steps by key, oldest first. */
  readSteps(
    keys: readonly string[],
    range: PointRange,
    stepMs: number,
  ): Promise<ReadonlyMap<string, readonly StepValue[]>>;
}

export interface StepValue {
  readonly at: number;
  readonly value: number;
}

const MOST_ROWS = 20_000_000;

interface PointsOptions {
  readonly engine: TelemetryEngine;
  readonly reader: TelemetryReader;
  readonly clock: { now(): number };
}

export function createSignalPoints(options: PointsOptions): SignalPoints {
  const { reader } = options;
  return {
    write: createWriter(options),
    async read(key, { fromMs, toMs }) {
      const rows = await reader.rows<{ slot: number; value: number; n: number }>(
        `SELECT toUnixTimestamp(ts) AS slot, argMax(value, seen) AS value, argMax(n, seen) AS n FROM signal_5m
        WHERE signal = {key:String} AND ts >= {from:DateTime('UTC')} AND ts < {to:DateTime('UTC')}
        GROUP BY ts ORDER BY ts`,
        {
          name: 'signals.points',
          parameters: { key, from: Math.floor(fromMs / 1000), to: Math.floor(toMs / 1000) },
          maxRowsRead: MOST_ROWS,
        },
      );
      return rows.map(({ slot, value, n }) => ({ at: slot * 1000, value, count: n < 0 ? null : n }));
    },
    async readSteps(keys, { fromMs, toMs }, stepMs) {
      const rows = await reader.rows<{ key: string; step: number; value: number }>(
        `SELECT key, step, quantileExactInclusive(0.5)(value) AS value FROM (
          SELECT toString(signal) AS key, intDiv(toUnixTimestamp(ts), {step:UInt32}) * {step:UInt32} AS step,
            argMax(value, seen) AS value FROM signal_5m
          WHERE signal IN {keys:Array(String)} AND ts >= {from:DateTime('UTC')} AND ts < {to:DateTime('UTC')}
          GROUP BY signal, ts
        ) GROUP BY key, step ORDER BY key, step`,
        {
          name: 'signals.steps',
          parameters: {
            keys,
            step: stepMs / 1000,
            from: Math.floor(fromMs / 1000),
            to: Math.floor(toMs / 1000),
          },
          maxRowsRead: MOST_ROWS,
        },
      );
      const steps = new Map<string, StepValue[]>();
      for (const { key, step, value } of rows) {
        const own = steps.get(key) ?? [];
        steps.set(key, own);
        own.push({ at: step * 1000, value });
      }
      return steps;
    },
  };
}

function createWriter({ engine, clock }: PointsOptions): SignalPoints['write'] {
  let inserts = 0;
  return async (key, slots) => {
    if (slots.length === 0) return;
    const block = newSignalPoints();
    for (const { at, value, count } of slots) {
      block.signal.push(key);
      block.ts.push(at / 1000);
      block.value.push(value);
      block.n.push(count ?? -1);
      block.seen.push(clock.now());
    }
    await engine.requireDiskSpace();
    inserts += 1;
    await engine.insertNative({
      table: signalPointsTable.name,
      columns: Object.keys(block),
      block: encodeNativeBlock(block),
      queryId: `belay-signals-${key}-${clock.now()}-${inserts}`,
    });
  };
}
