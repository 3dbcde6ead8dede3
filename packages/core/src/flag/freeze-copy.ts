/** A deep, frozen copy of a JSON value; `undefined` where it is no JSON value or nested more than 64 levels deep. */
export function freezeCopy(value: unknown, depth = 64): unknown {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined;
  if (typeof value !== 'object' || depth === 0) return undefined;
  if (Array.isArray(value)) {
    const items = value.map((item) => freezeCopy(item, depth - 1));
    return items.includes(undefined) ? undefined : Object.freeze(items);
  }
  const entries = Object.entries(value).map(([name, item]) => [name, freezeCopy(item, depth - 1)] as const);
  if (entries.some(([, item]) => item === undefined)) return undefined;
  return Object.freeze(Object.fromEntries(entries));
}
