import { bucketUpperBound, ZERO_BUCKET } from '@belay/core';
import type { SlotValue } from '@belay/core/baseline';
import { bucketPairsOf, quantileValue } from '@belay/core/statistics';
import type { SignalSource } from '@belay/protocol';
import type { SignalDefinition } from '../signal-definition.ts';
import { type Ask, type SlotRange, slotsOf } from './source-types.ts';

type OutcomeSource = Extract<SignalSource, { type: 'outcomes' }>;

interface OutcomeRow {
  readonly slot: number;
  readonly service: string;
  readonly flag: string;
  readonly value_name: string;
  readonly units: number;
  readonly errors: number;
  readonly hist: Readonly<Record<string, number>>;
}

interface Sums {
  units: number;
  errors: number;
  readonly duration: Map<number, number>;
  readonly values: Map<string, Map<number, number>>;
}

/**
 * Failed share, duration, number or tracked value of the units that SDKs count: of one flag, or else of the whole
 * service, which SDKs tell as flag ''; before they do, their busiest flag stands for it, as units may read several.
 */
export async function readOutcomes(
  definition: SignalDefinition,
  source: OutcomeSource,
  { ask, range }: { readonly ask: Ask; readonly range: SlotRange },
): Promise<SlotValue[]> {
  const rows = await ask<OutcomeRow>(
    `SELECT toUnixTimestamp(toStartOfFiveMinutes(ts)) AS slot, toString(service) AS service, toString(flag) AS flag,
      toString(value_name) AS value_name, sum(units) AS units, sum(errors) AS errors, sumMap(hist) AS hist
    FROM outcomes
    WHERE ts >= {from:DateTime('UTC')} AND ts < {to:DateTime('UTC')} AND _in >= {from:DateTime('UTC')} - INTERVAL 1 HOUR
      AND ({service:String} = '' OR service = {service:String})
    GROUP BY slot, service, flag, value_name`,
    { name: 'signals.outcomes', range, parameters: { service: source.service ?? '' } },
  );
  const slots = Map.groupBy(rows, ({ slot }) => slot);
  return slotsOf(
    [...slots].map(([slot, own]) => {
      const sums = sumsOf(own, source.flag);
      return { slot, count: sums.units, value: valueOf(definition, source, sums) };
    }),
  );
}

function sumsOf(rows: readonly OutcomeRow[], flag: string | undefined): Sums {
  const sums: Sums = { units: 0, errors: 0, duration: new Map(), values: new Map() };
  for (const own of Map.groupBy(rows, ({ service }) => service).values()) {
    const chosen = flag ?? busiestFlag(own);
    for (const row of own) if (row.flag === chosen) addRow(sums, row);
  }
  return sums;
}

function busiestFlag(rows: readonly OutcomeRow[]): string {
  const units = new Map<string, number>();
  for (const row of rows) {
    if (row.flag === '') return '';
    units.set(row.flag, (units.get(row.flag) ?? 0) + row.units);
  }
  return [...units].toSorted((a, b) => b[1] - a[1])[0]?.[0] ?? '';
}

function addRow(sums: Sums, row: OutcomeRow): void {
  sums.units += row.units;
  sums.errors += row.errors;
  let into = sums.duration;
  if (row.value_name !== '') {
    into = sums.values.get(row.value_name) ?? new Map<number, number>();
    sums.values.set(row.value_name, into);
  }
  for (const [bucket, count] of Object.entries(row.hist))
    into.set(Number(bucket), (into.get(Number(bucket)) ?? 0) + count);
}

function valueOf({ kind, quantile }: SignalDefinition, { value }: OutcomeSource, sums: Sums): number | null {
  if (sums.units === 0) return null;
  if (kind === 'ratio') return (100 * sums.errors) / sums.units;
  if (kind === 'rate') return sums.units / 5;
  const histogram = value === undefined ? sums.duration : sums.values.get(value);
  if (histogram === undefined || histogram.size === 0) return null;
  if (kind === 'quantile') return quantileValue(bucketPairsOf(histogram), quantile) ?? null;
  return totalOf(histogram) / sums.units;
}

/** The geometric middle of a bucket lies half a bucket below its upper bound; at most 2.2% off. */
function totalOf(histogram: ReadonlyMap<number, number>): number {
  let sum = 0;
  for (const [bucket, count] of histogram)
    if (bucket !== ZERO_BUCKET) sum += count * bucketUpperBound(bucket) * 2 ** (-1 / 32);
  return sum;
}
