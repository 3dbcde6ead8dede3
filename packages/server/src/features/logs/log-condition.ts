import type { FieldComparison, LogExpression, LogFieldName } from '@belay/core/logs';
import type { SqlParameters } from '../telemetry/api.ts';

const COLUMNS = {
  service: 'service',
  instance: 'instance',
  version: 'version',
  environment: 'environment',
  scope: 'scope',
  event: 'event_name',
  flag: 'flag_key',
  variant: 'variant',
} as const satisfies Partial<Record<LogFieldName, string>>;
/** Attributes that senders put on the resource; they are looked for there as well. */
const RESOURCE_NAME = /^(?:service|host|os|process|container|k8s|cloud|deployment|telemetry|device|faas|webengine)\./;
const LEVEL_WIDTH = 4;

/** A parsed query as a condition on rows of `logs`. Every value of the query becomes a parameter. */
export function logCondition(expression: LogExpression, parameters: SqlParameters): string {
  switch (expression.kind) {
    case 'all':
      return '1';
    case 'and':
    case 'or': {
      const parts = expression.parts.map((part) => logCondition(part, parameters));
      return `(${parts.join(expression.kind === 'and' ? ' AND ' : ' OR ')})`;
    }
    case 'not':
      return `NOT ${logCondition(expression.part, parameters)}`;
    case 'words':
      return wordsCondition(expression.tokens, parameters);
    case 'text':
      return `(lower(body) LIKE ${parameters.add(`%${likePattern(expression.like)}%`, 'String')})`;
    case 'level':
      return levelCondition(expression.comparison, expression.severity, parameters);
    case 'field':
      return fieldCondition(expression, parameters);
    case 'attribute':
      return attributeCondition(expression, parameters);
  }
}

/** The text index answers which rows have all words; only those are looked at for the order of a phrase. */
function wordsCondition(tokens: readonly string[], parameters: SqlParameters): string {
  const all = `hasAllTokens(lower(body), ${parameters.add([...new Set(tokens)], 'Array(String)')})`;
  if (tokens.length === 1) return `(${all})`;
  return `(${all} AND hasPhrase(lower(body), ${parameters.add(tokens.join(' '), 'String')}))`;
}

function levelCondition(comparison: FieldComparison, severity: number, parameters: SqlParameters): string {
  const first = parameters.add(severity, 'UInt8');
  const next = parameters.add(severity + LEVEL_WIDTH, 'UInt8');
  switch (comparison) {
    case 'exists':
      return '(severity > 0)';
    case '>=':
      return `(severity >= ${first})`;
    case '>':
      return `(severity >= ${next})`;
    case '<':
      return `(severity > 0 AND severity < ${first})`;
    case '<=':
      return `(severity > 0 AND severity < ${next})`;
    case '=':
    case 'like':
      return `(severity >= ${first} AND severity < ${next})`;
  }
}

type Field = Extract<LogExpression, { readonly kind: 'field' }>;

function fieldCondition({ field, comparison, values }: Field, parameters: SqlParameters): string {
  if (field === 'trace' || field === 'span') {
    const length = field === 'trace' ? 16 : 8;
    if (comparison === 'exists') return `(${field}_id != toFixedString('', ${length}))`;
    const ids = values.map((id) => `toFixedString(unhex(${parameters.add(id, 'String')}), ${length})`);
    return `(${field}_id IN (${ids.join(', ')}))`;
  }
  if (field === 'pattern') {
    if (comparison === 'exists') return '1';
    return `(pattern IN (${values.map((id) => parameters.add(String(BigInt(`0x${id}`)), 'UInt64')).join(', ')}))`;
  }
  if (field === 'level') return '1';
  return compared(COLUMNS[field], { comparison, value: values[0] ?? '' }, parameters);
}

type Attribute = Extract<LogExpression, { readonly kind: 'attribute' }>;

function attributeCondition(expression: Attribute, parameters: SqlParameters): string {
  const { name, comparison, value } = expression;
  const own = name.startsWith('resource.') ? name.slice('resource.'.length) : name;
  const key = parameters.add(own, 'String');
  const element = `attributes[${key}]`;
  const condition = compared(element, { comparison, value }, parameters);
  const onResource = `res_id IN (SELECT res_id FROM resources WHERE ${condition})`;
  if (own !== name) return `(${onResource})`;
  if (RESOURCE_NAME.test(name)) return `(${condition} OR ${onResource})`;
  // The index on the values of attributes leaves out what does not have the value at all.
  if (comparison !== '=' || value === '') return condition;
  return `(${condition} AND has(mapValues(attributes), ${parameters.add(value, 'String')}))`;
}

interface Comparison {
  readonly comparison: FieldComparison;
  readonly value: string;
}

/** Compares a text; with a number where the comparison is one of numbers, which text that is none never fulfils. */
function compared(text: string, { comparison, value }: Comparison, parameters: SqlParameters): string {
  switch (comparison) {
    case 'exists':
      return `(${text} != '')`;
    case '=':
      return `(${text} = ${parameters.add(value, 'String')})`;
    case 'like':
      return `(${text} LIKE ${parameters.add(likePattern(value), 'String')})`;
    case '>':
    case '>=':
    case '<':
    case '<=':
      return `ifNull(toFloat64OrNull(${text}) ${comparison} ${parameters.add(Number(value), 'Float64')}, 0)`;
  }
}

/** `*` stands for any text; what LIKE takes for a wildcard stands for itself. */
function likePattern(text: string): string {
  return text.replaceAll(/[\\%_]/g, String.raw`\$&`).replaceAll('*', '%');
}
