import type { SlotValue } from '@belay/core/baseline';
import type { SignalSource } from '@belay/protocol';
import type { SignalDefinition } from '../signal-definition.ts';
import { type Asking, attributeConditions, slotsOf } from './source-types.ts';

type LogSource = Extract<SignalSource, { type: 'logs' }>;
type ErrorSource = Extract<SignalSource, { type: 'errors' }>;

interface CountRow {
  readonly slot: number;
  readonly n: number;
  readonly hits: number;
}

const SEVERITY = { debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;

/** Matching records a minute, or their share. A slot in which the service logged nothing at all is a gap, not a zero. */
export async function readLogs({ kind }: SignalDefinition, source: LogSource, asking: Asking): Promise<SlotValue[]> {
  const isSummed = (source.contains ?? '') === '' && Object.keys(source.where ?? {}).length === 0;
  const rows = await (isSummed ? summedLogs(source, asking) : matchingLogs(source, asking));
  return slotsOf(
    rows.map(({ slot, n, hits }) => ({
      slot,
      count: kind === 'ratio' ? n : hits,
      value: n <= 0 ? null : kind === 'ratio' ? (100 * hits) / n : hits / 5,
    })),
  );
}

/** By severity alone; sums know it for longer than there are records. */
async function summedLogs(
  { service = '', severity }: LogSource,
  { ask, sums, range }: Asking,
): Promise<readonly CountRow[]> {
  const logs = await sums('log', range);
  return ask<CountRow>(
    `SELECT toUnixTimestamp(bucket) AS slot, sum(l.n) AS n, sumIf(l.n, severity >= {severity:UInt8}) AS hits
    FROM ${logs.sql(`({service:String} = '' OR service = {service:String})`)} AS l GROUP BY slot`,
    {
      name: 'signals.logs',
      range,
      parameters: { service, severity: severity === undefined ? 0 : SEVERITY[severity] },
    },
  );
}

function matchingLogs(source: LogSource, { ask, range }: Asking): Promise<readonly CountRow[]> {
  const { service = '', contains = '', severity, where } = source;
  const wanted = attributeConditions('attributes', where, 'w');
  return ask<CountRow>(
    `SELECT toUnixTimestamp(toStartOfFiveMinutes(ts)) AS slot, sum(weight) AS n,
      sumIf(weight, severity >= {severity:UInt8}
        AND ({contains:String} = '' OR positionCaseInsensitiveUTF8(body, {contains:String}) > 0) ${wanted.sql}) AS hits
    FROM logs
    WHERE ts >= {from:DateTime('UTC')} AND ts < {to:DateTime('UTC')} AND _in >= {from:DateTime('UTC')} - INTERVAL 1 HOUR
      AND ({service:String} = '' OR service = {service:String})
    GROUP BY slot`,
    {
      name: 'signals.logs',
      range,
      parameters: {
        service,
        contains,
        severity: severity === undefined ? 0 : SEVERITY[severity],
        ...wanted.parameters,
      },
    },
  );
}

const LEVELS = { warning: ['warning', 'error', 'fatal'], error: ['error', 'fatal'], fatal: ['fatal'] } as const;

/**
 * Error events a minute. Nothing is sent where nothing fails, so other telemetry of the service in the same slot makes a
 * zero of no event; a slot without any is a gap.
 */
export async function readErrors(source: ErrorSource, { ask, sums, range }: Asking): Promise<SlotValue[]> {
  const { service = '', level = 'error', unhandled = false } = source;
  const bounds = `ts >= {from:DateTime('UTC')} AND ts < {to:DateTime('UTC')} AND _in >= {from:DateTime('UTC')} - INTERVAL 1 HOUR
      AND ({service:String} = '' OR service = {service:String})`;
  const [spans, logs] = await Promise.all([sums('span', range), sums('log', range)]);
  const ofService = `({service:String} = '' OR service = {service:String})`;
  const alive = [spans, logs].map(
    (summed) => `SELECT toUnixTimestamp(bucket) AS slot, 1 AS n, 0 AS hits FROM ${summed.sql(ofService)} GROUP BY slot`,
  );
  const rows = await ask<CountRow>(
    `SELECT slot, sum(n) AS n, sum(hits) AS hits FROM (
      SELECT toUnixTimestamp(toStartOfFiveMinutes(ts)) AS slot, count() AS n,
        sumIf(weight, has({levels:Array(String)}, toString(level)) AND ({unhandled:UInt8} = 0 OR handled = 0)) AS hits
      FROM error_events WHERE ${bounds} GROUP BY slot
      UNION ALL ${alive.join(' UNION ALL ')}
      UNION ALL SELECT toUnixTimestamp(toStartOfFiveMinutes(ts)) AS slot, 1 AS n, 0 AS hits FROM outcomes WHERE ${bounds} GROUP BY slot
    ) GROUP BY slot`,
    { name: 'signals.errors', range, parameters: { service, levels: LEVELS[level], unhandled: unhandled ? 1 : 0 } },
  );
  return slotsOf(rows.map(({ slot, hits }) => ({ slot, count: hits, value: hits / 5 })));
}
