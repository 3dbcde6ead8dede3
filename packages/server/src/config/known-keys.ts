import { belayConfig } from '@belay/protocol';
import { z } from 'zod';

/** The keys that belay.yaml allows at a path, for suggestions. */
export function knownKeysAt(path: readonly PropertyKey[]): string[] {
  let schema: unknown = z.toJSONSchema(belayConfig, { io: 'input' });
  for (const part of path) schema = childOf(schema, part);
  return Object.keys(propertiesOf(schema));
}

function childOf(schema: unknown, part: PropertyKey): unknown {
  const record = recordOf(schema);
  if (typeof part === 'number') return record['items'];
  return propertiesOf(record)[String(part)] ?? record['additionalProperties'];
}

/** Of one of several kinds: the keys of all. */
function propertiesOf(schema: unknown): Record<string, unknown> {
  const { properties, oneOf } = recordOf(schema);
  const kinds = Array.isArray(oneOf) ? oneOf.map(propertiesOf) : [];
  return Object.assign({}, ...kinds, recordOf(properties)) as Record<string, unknown>;
}

function recordOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
