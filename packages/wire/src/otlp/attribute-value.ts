import { toHex } from './hex.ts';

/** An OTLP AnyValue; bytes are hexadecimal text. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | null
  | readonly AttributeValue[]
  | { readonly [key: string]: AttributeValue };

/** The text an attribute is stored as: strings as they are, numbers in decimal, lists and maps as JSON. */
export function textOfValue(value: AttributeValue): string {
  if (typeof value === 'string') return value;
  if (value === null) return '';
  if (typeof value !== 'object') return String(value);
  return JSON.stringify(value, (_key, inner: unknown) => (typeof inner === 'bigint' ? Number(inner) : inner));
}

/** The text of a bytes value. */
export function textOfBytes(bytes: Uint8Array): string {
  return toHex(bytes);
}

/** Value of a key in flat attributes; undefined when absent. */
export function attributeOf(attributes: readonly string[], key: string): string | undefined {
  for (let i = 0; i < attributes.length; i += 2) if (attributes[i] === key) return attributes[i + 1];
  return undefined;
}
