import { createDecodeBudget } from './decode-budget.ts';
import type { DecodeLimits } from './decode-limits.ts';
import type { ProtobufContext } from './protobuf-attributes.ts';
import { openProtobuf } from './protobuf-cursor.ts';
import { createTextReader } from './text-reader.ts';

/** Starts reading one request body. */
export function openContext(body: Uint8Array, limits: DecodeLimits): ProtobufContext {
  const budget = createDecodeBudget(limits);
  return { cursor: openProtobuf(body), budget, text: createTextReader(budget) };
}
