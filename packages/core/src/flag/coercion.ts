/** A rule met values that it cannot work with; the evaluation ends with `GENERAL`. Shared, so it carries no stack. */
export class RuleFault extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RuleFault';
  }
}

/** Thrown where a value is needed as a number and is none. */
export const notANumber: RuleFault = new RuleFault('a value that is not a number was used as one');

/** Thrown where a list is needed. */
export const notAList: RuleFault = new RuleFault('a value that is not a list was used as one');

/** Thrown where an operator cannot work on the arguments it was given. */
export const badArguments: RuleFault = new RuleFault('an operator was given arguments that it cannot work with');

/** Thrown where a rule would build a text or list beyond all reason. */
export const tooLarge: RuleFault = new RuleFault('a rule built a text or list that is too large');

/** Whether a rule takes a value for true: as JavaScript, but empty lists and empty objects are false. */
export function isTruthy(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return Boolean(value);
  if (Array.isArray(value)) return value.length > 0;
  return Object.getPrototypeOf(value) !== Object.prototype || Object.keys(value).length > 0;
}

/** A value as a number: texts are read, `null` is 0, booleans 0 and 1. Throws {@link notANumber}. */
export function toNumber(value: unknown): number {
  if (typeof value === 'number') return checkedNumber(value);
  if (value === null || value === undefined) return 0;
  if (typeof value === 'object' || typeof value === 'symbol' || typeof value === 'function') throw notANumber;
  return checkedNumber(Number(value));
}

/** Passes a number on, or throws {@link notANumber} for NaN. */
export function checkedNumber(value: number): number {
  if (Number.isNaN(value)) throw notANumber;
  return value;
}

/** Whether a value can be compared as text. */
export function isTextual(value: unknown): value is string | null {
  return typeof value === 'string' || value === null;
}

/** Whether properties may be read from a value. */
export function isReadable(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && value !== undefined;
}

/** Whether a value is an object of named fields. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A value as `cat` writes it: nothing for `null`, the items of a list with commas between. */
export function textOf(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.map(textOf).join(',');
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '[object Object]';
}
