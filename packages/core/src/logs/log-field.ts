import type { FieldComparison, LogExpression, LogFieldName, LogQueryProblem } from './log-expression.ts';
import { logFieldNames, logLevels } from './log-expression.ts';
import type { QueryToken } from './log-query-tokens.ts';

type FieldToken = Extract<QueryToken, { readonly kind: 'field' }>;

/** Other names for the same field. */
const ALIASES: Readonly<Record<string, LogFieldName>> = {
  env: 'environment',
  severity: 'level',
  trace_id: 'trace',
  span_id: 'span',
  host: 'instance',
};
const LEVEL_ALIASES: Readonly<Record<string, keyof typeof logLevels>> = {
  warning: 'warn',
  err: 'error',
  critical: 'fatal',
};
const ID_DIGITS: Readonly<Partial<Record<LogFieldName, number>>> = { trace: 32, span: 16, pattern: 16 };
const MOST_VALUES = 64;

/** Meaning of `field:value`. A comparison with a number needs a number; ids need their hexadecimal digits. */
export function fieldExpression(token: FieldToken): LogExpression | LogQueryProblem {
  const { comparison, value } = comparisonOf(token);
  const lower = token.name.toLowerCase();
  const field = logFieldNames.find((name) => name === lower) ?? ALIASES[lower];
  if (field === 'level') return levelExpression(token, comparison, value);
  if (comparison === 'exists' || comparison === 'like' || comparison === '=') {
    return field === undefined
      ? { kind: 'attribute', name: token.name, comparison, value }
      : namedExpression(token, { field, comparison, value });
  }
  if (field !== undefined) {
    return problem(token, `"${field}" cannot be compared with ${comparison}`, `write ${field}:value`);
  }
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value)) {
    return problem(token, `"${value}" is not a number`, `write a number, such as ${token.name}:${comparison}100`);
  }
  return { kind: 'attribute', name: token.name, comparison, value };
}

function comparisonOf(token: FieldToken): { readonly comparison: FieldComparison; readonly value: string } {
  if (token.isQuoted) return { comparison: '=', value: token.value };
  if (token.value === '*') return { comparison: 'exists', value: '' };
  const [, sign, value = ''] = /^(>=|<=|>|<)(.*)$/s.exec(token.value) ?? [];
  if (sign === '>' || sign === '>=' || sign === '<' || sign === '<=') return { comparison: sign, value };
  return { comparison: token.value.includes('*') ? 'like' : '=', value: token.value };
}

interface Named {
  readonly field: LogFieldName;
  readonly comparison: FieldComparison;
  readonly value: string;
}

function namedExpression(token: FieldToken, named: Named): LogExpression | LogQueryProblem {
  const { field, comparison, value } = named;
  const digits = ID_DIGITS[field];
  if (digits === undefined) return { kind: 'field', field, comparison, values: [value] };
  if (comparison === 'exists') return { kind: 'field', field, comparison, values: [] };
  const values = value.toLowerCase().split(',');
  if (values.length > MOST_VALUES) {
    return problem(token, `more than ${MOST_VALUES} values`, 'search for fewer at once');
  }
  const wrong = values.find((id) => id.length !== digits || !/^[0-9a-f]+$/.test(id));
  if (wrong === undefined) return { kind: 'field', field, comparison: '=', values };
  return problem(token, `"${wrong}" is not the id of a ${field}`, `write ${digits} hexadecimal digits`);
}

function levelExpression(
  token: FieldToken,
  comparison: FieldComparison,
  value: string,
): LogExpression | LogQueryProblem {
  if (comparison === 'exists') return { kind: 'level', comparison, severity: 0 };
  const lower = value.toLowerCase();
  const name = LEVEL_ALIASES[lower] ?? Object.keys(logLevels).find((level) => level === lower);
  const severity = Object.entries(logLevels).find(([level]) => level === name)?.[1];
  if (severity !== undefined && comparison !== 'like') return { kind: 'level', comparison, severity };
  return problem(token, `"${value}" is not a level`, `write one of ${Object.keys(logLevels).join(', ')}`);
}

function problem(token: FieldToken, message: string, mend: string): LogQueryProblem {
  return { column: token.valueColumn, message, mend };
}
