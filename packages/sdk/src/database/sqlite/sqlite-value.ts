import { SafeDatabaseError } from '../errors.ts';

/**
 * A value as SQLite takes it: booleans as 1 and 0, dates as ISO text, undefined as null.
 * @throws SafeDatabaseError for values that SQLite has no form for; `column` names the place.
 */
export function sqliteValue(value: unknown, column: string): unknown {
  switch (typeof value) {
    case 'string':
    case 'bigint':
      return value;
    case 'number':
      if (!Number.isNaN(value)) return value;
      throw noForm(column, 'NaN, which SQLite stores as null', 'Decide what is meant: null or a number.');
    case 'boolean':
      return value ? 1 : 0;
    case 'undefined':
      return null;
    default:
      if (value === null || value instanceof Uint8Array) return value;
      if (value instanceof Date) return value.toISOString();
      throw noForm(column, `of type ${typeof value}`, 'Write text, e.g. JSON.stringify(value).');
  }
}

function noForm(column: string, what: string, hint: string): SafeDatabaseError {
  return new SafeDatabaseError('write.misused', `The value for "${column}" is ${what}.`, { hint });
}
