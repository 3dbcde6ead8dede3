import { BelayError } from '@belay/core';
import { type LogExpression, logLevels, parseLogQuery } from '@belay/core/logs';
import type { LogFilter } from '@belay/protocol';
import { createSqlParameters, type SqlParameters, timeBounds } from '../telemetry/api.ts';
import type { TimeRange } from '../../platform/http/time-range.ts';
import { logCondition } from './log-condition.ts';

/** Which lines a request asks for, as a condition of SQL with its parameters. */
export interface LogQuestion {
  readonly condition: string;
  readonly parameters: SqlParameters;
}

/** The condition of a filter, without its time range. Refuses a query that cannot be read, at its column. */
export function logQuestion(filter: LogFilter): LogQuestion {
  const parameters = createSqlParameters();
  const parts = [parsed(filter.q), ...shortForms(filter)].filter(({ kind }) => kind !== 'all');
  const condition = logCondition(parts.length === 0 ? { kind: 'all' } : { kind: 'and', parts }, parameters);
  return { condition, parameters };
}

/** The condition of a filter within a time range. */
export function logQuestionIn(filter: LogFilter, range: TimeRange): LogQuestion {
  const { condition, parameters } = logQuestion(filter);
  return { condition: `${timeBounds(parameters, range)} AND ${condition}`, parameters };
}

function parsed(query: string): LogExpression {
  const result = parseLogQuery(query);
  if (result.ok) return result.expression;
  const { column, message, mend } = result.problem;
  throw new BelayError('request.invalid', `The query cannot be read at column ${column}: ${message}.`, {
    hint: `Column ${column}: ${mend}.`,
    issues: [{ path: 'q', message: `column ${column}: ${message}`, seen: excerpt(query, column), mend }],
    details: { column },
  });
}

function shortForms({ service, level, trace, field }: LogFilter): readonly LogExpression[] {
  return [
    ...(service === undefined ? [] : [named('service', service)]),
    ...(level === undefined ? [] : [{ kind: 'level', comparison: '>=', severity: logLevels[level] } as const]),
    ...(trace === undefined ? [] : [named('trace', trace)]),
    ...(field ?? []).map((pair): LogExpression => {
      const equals = pair.indexOf('=');
      return { kind: 'attribute', name: pair.slice(0, equals), comparison: '=', value: pair.slice(equals + 1) };
    }),
  ];
}

function named(field: 'service' | 'trace', value: string): LogExpression {
  return { kind: 'field', field, comparison: '=', values: [value] };
}

const SHOWN = 40;

function excerpt(query: string, column: number): string {
  return JSON.stringify(query.slice(Math.max(0, column - 1), column - 1 + SHOWN));
}
