/** Collects the values of a query: each becomes a placeholder, so that no value is ever part of the text. */
export interface SqlParameters {
  /** Returns the placeholder, `{p3:String}`. 64-bit integers are given as text. */
  add(value: string | number | readonly string[], type: string): string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Parameters of a new query; those of a condition that becomes part of it are taken along. */
export function createSqlParameters(taken?: SqlParameters): SqlParameters {
  const values: Record<string, unknown> = { ...taken?.values };
  return {
    add(value, type) {
      const name = `p${Object.keys(values).length}`;
      values[name] = value;
      return `{${name}:${type}}`;
    },
    values,
  };
}
