import { belayConfig } from '@belay/protocol';
import { z } from 'zod';

/** The keys that belay.yaml allows at a path, for suggestions. */
export function knownKeysAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = z.toJSONSchema(belayConfig, { io: 'input' });
  for (const part of path) schema = childOf(schema, part);
  return Object.keys(recordOf(recordOf(schema)['properties']));
}

function childOf(schema: unknown, part: PropertyKey): unknown {
  const record = recordOf(schema);
  if (typeof part === 'number') return record['items'];
  return recordOf(record['properties'])[String(part)] ?? record['additionalProperties'];
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
