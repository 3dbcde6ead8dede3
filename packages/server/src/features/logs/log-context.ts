import { BelayError } from '@belay/core';
import type { LogExpression } from '@belay/core/logs';
import type { LogContext, LogDetail } from '@belay/protocol';
import { createSqlParameters, nanosecondTime, type TelemetryReader } from '../telemetry/api.ts';
import { readLines } from './line-windows.ts';
import { logCondition } from './log-condition.ts';
import { LINE_KEY, type LogPlace, readLineId } from './log-place.ts';
import { LINE_COLUMNS, lineOf, type LogRow } from './log-row.ts';

interface DetailRow extends LogRow {
  readonly resource: Readonly<Record<string, string>>;
  readonly res_id_text: string;
}

/** A line in full, with the attributes of its sender. */
export async function readLine(reader: TelemetryReader, id: string): Promise<LogDetail> {
  const row = await findRow(reader, readLineId(id, 'id'), id);
  const parameters = createSqlParameters();
  const resources = await reader.rows<{ attributes: Record<string, string> }>(
    `SELECT argMax(attributes, seen) AS attributes FROM resources
     WHERE res_id = ${parameters.add(row.res_id_text, 'UInt64')} GROUP BY res_id`,
    { name: 'logs.resource', parameters: parameters.values },
  );
  return { ...lineOf(row, Number.MAX_SAFE_INTEGER), resource: { ...row.resource, ...resources[0]?.attributes } };
}

interface ContextQuestion {
  readonly line: string;
  readonly before: number;
  readonly after: number;
  readonly same: 'instance' | 'service' | 'trace';
}

const DAY_NS = 86_400_000_000_000n;

/** Lines around a line, up to a day away: of the same instance, service or trace. */
export async function readContext(reader: TelemetryReader, asked: ContextQuestion): Promise<LogContext> {
  const place = readLineId(asked.line, 'line');
  const row = await findRow(reader, place, asked.line);
  const parameters = createSqlParameters();
  const question = { condition: logCondition(sameAs(row, asked.same), parameters), parameters };
  // The line itself, and what is equal to it, stands in the middle.
  const after = { ...place, sameTime: 1, equal: 1 };
  const around = { question, after } as const;
  const fromNs = place.atNs > DAY_NS ? place.atNs - DAY_NS : 0n;
  const [before, later] = await Promise.all([
    asked.before === 0
      ? []
      : readLines(reader, { ...around, fromNs, toNs: place.atNs + 1n, isNewestFirst: true, limit: asked.before }),
    asked.after === 0
      ? []
      : readLines(reader, {
          ...around,
          fromNs: place.atNs,
          toNs: place.atNs + DAY_NS,
          isNewestFirst: false,
          limit: asked.after,
        }),
  ]);
  return { before: before.toReversed(), line: lineOf(row), after: later };
}

function sameAs(row: LogRow, same: ContextQuestion['same']): LogExpression {
  const is = (field: 'service' | 'instance' | 'trace', value: string) =>
    ({ kind: 'field', field, comparison: '=', values: [value] }) as const;
  if (same === 'trace' && !/^0+$/.test(row.trace)) return is('trace', row.trace);
  const service = is('service', row.service);
  return same === 'service' ? service : { kind: 'and', parts: [service, is('instance', row.instance)] };
}

async function findRow(reader: TelemetryReader, { atNs, key }: LogPlace, id: string): Promise<DetailRow> {
  const parameters = createSqlParameters();
  const [row] = await reader.rows<DetailRow>(
    `SELECT ${LINE_COLUMNS}, resource, toString(res_id) AS res_id_text FROM logs
     WHERE ts = ${nanosecondTime(parameters, atNs)} AND ${LINE_KEY} = ${parameters.add(String(key), 'UInt64')} LIMIT 1`,
    { name: 'logs.line', parameters: parameters.values },
  );
  if (row !== undefined) return row;
  throw new BelayError('log.not-found', `There is no log line ${id}.`, {
    hint: 'Lines are kept as long as the retention of logs says; search again.',
  });
}
