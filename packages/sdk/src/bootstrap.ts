import type { Settings } from './settings.ts';
import { type FlagState, decodeBootstrap } from './snapshot-decoder.ts';
import { readJsonFile } from './snapshot-file.ts';

/** The flags that the application brought along; undefined where it did not, or they cannot be used (which is told). */
export function readBootstrapState(
  { bootstrap, maxSnapshotBytes }: Settings,
  warn: (message: string) => void,
): FlagState | undefined {
  if (bootstrap === undefined) return undefined;
  const place = typeof bootstrap === 'string' ? bootstrap : undefined;
  const raw = place === undefined ? { value: bootstrap } : readJsonFile(place, maxSnapshotBytes);
  if (raw === undefined) {
    warn(`the bootstrap file ${place ?? ''} does not exist`);
    return undefined;
  }
  const state = 'fault' in raw ? raw : decodeBootstrap(raw.value);
  if (!('fault' in state)) return state.value;
  warn(`the bootstrap flags are not used: ${state.fault}`);
  return undefined;
}
