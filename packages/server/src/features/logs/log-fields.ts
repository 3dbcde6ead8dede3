import type { LogFields, LogFilter } from '@belay/protocol';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { createSqlParameters, type TelemetryReader } from '../telemetry/api.ts';
import { type LogQuestion, logQuestionIn } from './log-question.ts';

interface FieldsQuestion {
  readonly filter: LogFilter;
  readonly range: TimeRange;
  readonly limit: number;
  /** Names that contain this text. */
  readonly prefix?: string | undefined;
  /** This name alone. */
  readonly name?: string | undefined;
}

/** Lines whose attributes are read; of more, an even part is. */
const MOST_LINES = 200_000;
const VALUES = 10;
const VALUES_OF_ONE = 100;

/** Every field of a line as pairs; the level by its name. */
const PAIRS = `arrayConcat(
  [('service', toString(service)), ('environment', toString(environment)), ('version', toString(version)),
   ('instance', toString(instance)), ('scope', toString(scope)),
   ('level', arrayElement(['', 'trace', 'debug', 'info', 'warn', 'error', 'fatal'], intDiv(severity + 3, 4) + 1))],
  arrayMap((k, v) -> (toString(k), v), mapKeys(attributes), mapValues(attributes)))`;

/** Names of fields with their most frequent values. */
export async function logFields(reader: TelemetryReader, asked: FieldsQuestion): Promise<LogFields> {
  const question = logQuestionIn(asked.filter, asked.range);
  const every = await samplingOf(reader, question);
  const parameters = createSqlParameters(question.parameters);
  const values = asked.name === undefined ? VALUES : VALUES_OF_ONE;
  const rows = await reader.rows<{ name: string; n: number; different: number; top: readonly [number, string][] }>(
    `SELECT name, sum(lines) * ${every} AS n, count() AS different,
       arraySlice(arrayReverseSort(groupArray((lines * ${every}, substringUTF8(value, 1, 256)))), 1, ${values}) AS top
     FROM (SELECT pair.1 AS name, pair.2 AS value, sum(weight) AS lines
       FROM (SELECT weight, arrayJoin(${PAIRS}) AS pair FROM logs
         WHERE ${question.condition} AND cityHash64(ts, span_id) % ${every} = 0)
       WHERE value != '' AND ${nameCondition(asked, parameters)} GROUP BY name, value)
     GROUP BY name
     ORDER BY indexOf(['level', 'service', 'environment', 'version', 'instance', 'scope'], name) = 0, n DESC, name
     LIMIT ${asked.limit}`,
    { name: 'logs.fields', parameters: parameters.values },
  );
  return {
    items: rows.map(({ name, n, different, top }) => ({
      name,
      count: n,
      distinct: different,
      values: top.map(([count, value]) => ({ value, count })),
    })),
    sampled: 1 / every,
  };
}

/** One line in how many is looked at. */
export async function samplingOf(
  reader: TelemetryReader,
  { condition, parameters }: LogQuestion,
  most: number = MOST_LINES,
): Promise<number> {
  const [count] = await reader.rows<{ n: number }>(`SELECT count() AS n FROM logs WHERE ${condition}`, {
    name: 'logs.count',
    parameters: parameters.values,
  });
  return Math.max(1, Math.ceil((count?.n ?? 0) / most));
}

function nameCondition({ prefix, name }: FieldsQuestion, parameters: LogQuestion['parameters']): string {
  const parts = ['1'];
  if (name !== undefined) parts.push(`name = ${parameters.add(name, 'String')}`);
  if (prefix !== undefined) parts.push(`positionCaseInsensitive(name, ${parameters.add(prefix, 'String')}) > 0`);
  return parts.join(' AND ');
}
