/** How a field is compared: `like` takes `*` for any text, `exists` asks only whether the record carries the field. */
export type FieldComparison = '=' | '>' | '>=' | '<' | '<=' | 'like' | 'exists';

/** Fields of every log record; all other names are attributes. */
export const logFieldNames = [
  'service',
  'instance',
  'version',
  'environment',
  'scope',
  'event',
  'level',
  'trace',
  'span',
  'pattern',
  'flag',
  'variant',
] as const;

/** A field that every log record has. */
export type LogFieldName = (typeof logFieldNames)[number];

/** OpenTelemetry's names of severity ranges, by their first severity number (logs data model, "Severity Fields"). */
export const logLevels = { trace: 1, debug: 5, info: 9, warn: 13, error: 17, fatal: 21 } as const;

/** A named range of four severity numbers. */
export type LogLevelName = keyof typeof logLevels;

/** A parsed log query; every leaf says where it began. */
export type LogExpression =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly LogExpression[] }
  | { readonly kind: 'not'; readonly part: LogExpression }
  /** Words of the body in this order, lower case (ASCII); one word is a phrase of one. */
  | { readonly kind: 'words'; readonly tokens: readonly string[] }
  /** Text of the body with `*` for anything, lower case (ASCII). */
  | { readonly kind: 'text'; readonly like: string }
  | {
      readonly kind: 'field';
      readonly field: LogFieldName;
      readonly comparison: FieldComparison;
      readonly values: readonly string[];
    }
  | {
      readonly kind: 'level';
      readonly comparison: FieldComparison;
      /** First severity number of the level. */
      readonly severity: number;
    }
  | {
      readonly kind: 'attribute';
      readonly name: string;
      readonly comparison: FieldComparison;
      readonly value: string;
    };

/** What is wrong with a query, and where. */
export interface LogQueryProblem {
  /** Column in the query, from 1. */
  readonly column: number;
  /** What is wrong, in a sentence. */
  readonly message: string;
  /** What to write instead. */
  readonly mend: string;
}

/** Outcome of parsing: an expression, or the first problem found. */
export type ParsedLogQuery =
  | { readonly ok: true; readonly expression: LogExpression }
  | { readonly ok: false; readonly problem: LogQueryProblem };
