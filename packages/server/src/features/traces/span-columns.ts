import type { traceSpan } from '@belay/protocol';
import type { z } from 'zod';
import type { SqlParameters } from '../telemetry/api.ts';

export type SpanKind = z.infer<typeof traceSpan>['kind'];

const KINDS = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'] as const;

/** OTLP's number of a kind by name. */
export function kindOf(kind: number): SpanKind {
  return KINDS[kind] ?? 'unspecified';
}

/** No parent: the span is a root. */
export const NO_PARENT = "toFixedString('', 8)";

/** Trace ids of a list, as a set. */
export function traceSet(parameters: SqlParameters, ids: readonly string[]): string {
  return `arrayMap(id -> toFixedString(unhex(id), 16), ${parameters.add(ids, 'Array(String)')})`;
}

export function traceValue(parameters: SqlParameters, id: string): string {
  return `toFixedString(unhex(${parameters.add(id, 'String')}), 16)`;
}

/** Milliseconds of nanoseconds, to the microsecond. */
export function millisecondsOf(nanoseconds: number): number {
  return Math.round(nanoseconds / 1000) / 1000;
}

/** What a database span is about, by the names of old and new semantic conventions. */
export const DB_SYSTEM =
  "if(attributes['db.system.name'] != '', attributes['db.system.name'], attributes['db.system'])";
export const DB_STATEMENT =
  "if(attributes['db.query.text'] != '', attributes['db.query.text'], attributes['db.statement'])";
