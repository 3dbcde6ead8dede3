import { createHash } from 'node:crypto';
import type { EngineState } from '@belay/core/statistics';

/** SHA-256 of the engine's state, hexadecimal: equal hashes mean equal evidence to the last bit. */
export function stateHash(state: EngineState): string {
  return createHash('sha256').update(JSON.stringify(state)).digest('hex');
}
