import { parseDuration } from '@belay/core/rollout';
import type { SlotValue } from '@belay/core/baseline';
import type { SignalSource } from '@belay/protocol';
import type { SignalDefinition } from '../signal-definition.ts';
import { rollupQuantiles } from '../../telemetry/api.ts';
import { type Asking, attributeConditions, slotsOf } from './source-types.ts';

type SpanSource = Extract<SignalSource, { type: 'spans' }>;

interface SpanRow {
  readonly slot: number;
  readonly n: number;
  readonly bad: number;
  readonly total: number;
  readonly quantiles: readonly number[];
}

/** Quantiles that one question answers together; others are asked for on their own. */
const TOGETHER = [0.5, 0.9, 0.95, 0.99, 0.999];

/**
 * Failed share, duration, or number of spans a minute: of sums where they know enough, which outlive the spans. Questions
 * about attributes or a limit of time go to the spans themselves; those that stand for others since they were thinned
 * out count as many.
 */
export async function readSpans(
  definition: SignalDefinition,
  source: SpanSource,
  asking: Asking,
): Promise<SlotValue[]> {
  const quantiles = TOGETHER.includes(definition.quantile) ? TOGETHER : [definition.quantile];
  const { where, bad } = source;
  const isSummed = Object.keys({ ...where, ...bad?.where }).length === 0 && bad?.slower_than === undefined;
  const rows = await (isSummed ? summedRows(source, quantiles, asking) : spanRows(source, quantiles, asking));
  const at = quantiles.indexOf(definition.quantile);
  return slotsOf(rows.map((row) => ({ slot: row.slot, count: row.n, value: valueOf(definition, row, at) })));
}

async function summedRows(
  { service = '', operation = '' }: SpanSource,
  quantiles: readonly number[],
  { ask, sums, range }: Asking,
): Promise<readonly SpanRow[]> {
  const spans = await sums('span', range);
  const wanted = `({service:String} = '' OR service = {service:String}) AND if({operation:String} = '', is_unit = 1, name = {operation:String})`;
  return ask<SpanRow>(
    `SELECT slot, n, bad, total, ${rollupQuantiles(quantiles, { hist: 'hist', min: 'lo', max: 'hi' })} AS quantiles
    FROM (
      SELECT toUnixTimestamp(bucket) AS slot, sum(s.n) AS n, sum(s.errors) AS bad, sum(s.dsum) / 1e6 AS total, min(s.dmin) AS lo,
        max(s.dmax) AS hi, sumMap(s.hist) AS hist
      FROM ${spans.sql(wanted)} AS s GROUP BY slot
    )`,
    { name: 'signals.spans', range, parameters: { service, operation } },
  );
}

function spanRows(
  source: SpanSource,
  quantiles: readonly number[],
  { ask, range }: Asking,
): Promise<readonly SpanRow[]> {
  const { service = '', operation = '', where, bad } = source;
  const wanted = attributeConditions('attributes', where, 'w');
  const failing = attributeConditions('attributes', bad?.where, 'b');
  const slowerMs = bad?.slower_than === undefined ? null : parseDuration(bad.slower_than);
  const badSql = [
    bad === undefined || (bad.where === undefined && slowerMs === null) ? 'AND is_error = 1' : failing.sql,
    slowerMs === null ? '' : 'AND duration_ns > {slower:UInt64}',
  ].join(' ');
  return ask<SpanRow>(
    `SELECT toUnixTimestamp(toStartOfFiveMinutes(ts)) AS slot, sum(weight) AS n, sumIf(weight, 1 ${badSql}) AS bad,
      sum(weight * duration_ns) / 1e6 AS total,
      quantilesTDigestWeighted(${quantiles.join(', ')})(duration_ns / 1e6, toUInt32(greatest(1, round(weight * 16)))) AS quantiles
    FROM spans
    WHERE ts >= {from:DateTime('UTC')} AND ts < {to:DateTime('UTC')} AND _in >= {from:DateTime('UTC')} - INTERVAL 1 HOUR
      AND ({service:String} = '' OR service = {service:String})
      AND if({operation:String} = '', is_unit = 1, name = {operation:String}) ${wanted.sql}
    GROUP BY slot`,
    {
      name: 'signals.spans',
      range,
      parameters: {
        service,
        operation,
        slower: Math.round((slowerMs ?? 0) * 1e6),
        ...wanted.parameters,
        ...failing.parameters,
      },
    },
  );
}

function valueOf({ kind }: SignalDefinition, { n, bad, total, quantiles }: SpanRow, at: number): number | null {
  if (n <= 0) return null;
  if (kind === 'ratio') return (100 * bad) / n;
  if (kind === 'mean') return total / n;
  return kind === 'rate' ? n / 5 : (quantiles[at] ?? null);
}
