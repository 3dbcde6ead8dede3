import { BelayError } from '@belay/core';
import { fromHex } from './hex.ts';
import { createUtf8Decoder } from './utf8.ts';

/** A JSON object whose fields have not been looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** Parses a body; the error tells what the parser met and where. */
export function parseJson(body: Uint8Array): JsonObject {
  let value: unknown;
  try {
    value = JSON.parse(createUtf8Decoder().decode(body));
  } catch (cause) {
    throw new BelayError('request.malformed', `The body is not JSON: ${String(cause).slice(0, 200)}.`, {
      hint: 'Send an OTLP export request as JSON, or as protobuf with "Content-Type: application/x-protobuf".',
      cause,
    });
  }
  return objectAt(value, 'the request') ?? {};
}

/** An object, undefined where absent or null; anything else is refused. */
export function objectAt(value: unknown, path: string): JsonObject | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) throw wrong(path, 'an object', value);
  return value as JsonObject;
}

/** A list, empty where absent or null. */
export function listAt(value: unknown, path: string): readonly unknown[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw wrong(path, 'a list', value);
  return value;
}

/** A text, empty where absent or null. */
export function textAt(value: unknown, path: string): string {
  if (value === undefined || value === null) return '';
  if (typeof value !== 'string') throw wrong(path, 'a text', value);
  return value;
}

/** A whole number of 64 bits, given as a number or as a decimal text; 0 where absent. */
export function integerAt(value: unknown, path: string): bigint {
  if (value === undefined || value === null || value === '') return 0n;
  if (typeof value === 'number' && Number.isInteger(value)) return checkRange(BigInt(value), path);
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return checkRange(BigInt(value), path);
  throw wrong(path, 'a whole number, or one as text', value);
}

/** A small whole number such as an enum; names of enums are not OTLP. */
export function smallIntegerAt(value: unknown, path: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number' && Number.isSafeInteger(value)) return value;
  throw wrong(path, 'a whole number', value);
}

/** A number; protobuf's JSON writes infinities and NaN as text. */
export function numberAt(value: unknown, path: string): number {
  if (value === undefined || value === null) return 0;
  if (typeof value === 'number') return value;
  if (value === 'NaN' || value === 'Infinity' || value === '-Infinity') return Number(value);
  if (typeof value === 'string' && value !== '' && Number.isFinite(Number(value))) return Number(value);
  throw wrong(path, 'a number', value);
}

/** Bytes of an id, which OTLP/JSON writes in hexadecimal; empty where absent. */
export function idAt(value: unknown, path: string): Uint8Array {
  const bytes = fromHex(textAt(value, path));
  if (bytes === undefined) throw wrong(path, 'hexadecimal text', value);
  return bytes;
}

/** The error for a value of the wrong type. */
export function wrong(path: string, wanted: string, seen: unknown): BelayError {
  const shown = (JSON.stringify(seen) ?? 'undefined').slice(0, 60);
  return new BelayError('request.malformed', `Cannot read ${path}: it should be ${wanted}, but is ${shown}.`, {
    hint: 'See the JSON encoding of OTLP: lowerCamelCase names, ids in hexadecimal, enums as numbers.',
    details: { field: path, seen: shown },
  });
}

function checkRange(value: bigint, path: string): bigint {
  if (value < -(2n ** 63n) || value >= 2n ** 64n) throw wrong(path, 'a number of 64 bits', String(value));
  return value;
}
