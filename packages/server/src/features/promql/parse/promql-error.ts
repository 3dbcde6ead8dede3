import { BelayError } from '@belay/core';
import type { Position } from './ast.ts';

/** A query that cannot be read, in Prometheus' words: `1:7: parse error: ...`. */
export function parseError(text: string, position: Position, message: string, hint?: string): BelayError {
  const before = text.slice(0, position.from);
  const line = before.split('\n').length;
  const column = position.from - (before.lastIndexOf('\n') + 1) + 1;
  return new BelayError(
    'promql.invalid',
    `${line}:${column}: parse error: ${message}`,
    hint === undefined ? {} : { hint },
  );
}

/** A query that can be read but not answered, e.g. because series cannot be matched. */
export function executionError(message: string, hint?: string): BelayError {
  return new BelayError('promql.failed', message, hint === undefined ? {} : { hint });
}
