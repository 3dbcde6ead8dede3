import { createHmac, randomBytes } from 'node:crypto';
import type { ValueShape } from './errors.ts';

/** Tells what a value is without telling it. */
export type DescribeValue = (value: unknown, mayShow: boolean) => ValueShape;

/**
 * Shapes under a key of this process: equal values have equal hashes, so that "the same wrong value again" can be seen,
 * and nobody without the key can try values out.
 */
export function createValueShapes(key: Buffer = randomBytes(32)): DescribeValue {
  return (value, mayShow) => {
    const text = textOf(value);
    return {
      type: typeOf(value),
      length: text.length,
      hash: createHmac('sha256', key).update(text).digest('hex').slice(0, 12),
      ...(mayShow ? { shown: text.slice(0, 200) } : {}),
    };
  };
}

function typeOf(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (value instanceof Date) return 'date';
  if (value instanceof Uint8Array) return 'bytes';
  return Array.isArray(value) ? 'array' : typeof value;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid' : value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('latin1');
  if (typeof value === 'bigint' || typeof value === 'string') return value.toString();
  return JSON.stringify(value) ?? '';
}
