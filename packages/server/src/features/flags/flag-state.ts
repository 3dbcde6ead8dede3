import { BelayError } from '@belay/core';
import { compileFlagSet, compileOverlays } from '@belay/core/flag';
import type { FlagSet, OverlaySet, RolloutOverlay } from '@belay/core/flag';
import type { FlagDefinition } from '@belay/protocol';
import { transaction } from '../../platform/sqlite/database.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import { readFlagState } from './flag-store.ts';
import type { StoredFlag, StoredState } from './flag-store.ts';

/** The flag state as it is served, compiled. */
export interface ServedState {
  readonly revision: number;
  readonly flags: ReadonlyMap<string, StoredFlag>;
  /** The flagd document that SDKs are sent. */
  readonly definitions: { readonly flags: Readonly<Record<string, FlagDefinition>> };
  readonly overlays: readonly RolloutOverlay[];
  readonly set: FlagSet;
  readonly overlaySet: OverlaySet;
}

/** Holds the newest committed flag state in memory. */
export interface FlagState {
  current(): ServedState;
  /** Reads the state again; resolves to whether the revision has grown. */
  refresh(): Promise<boolean>;
}

export async function createFlagState({ db }: { readonly db: Database }): Promise<FlagState> {
  let served = serve(await readFlagState(db));
  return {
    current: () => served,
    async refresh() {
      const read = await transaction(db, readFlagState);
      // Two refreshes may overlap; the state never goes back.
      if (read.revision <= served.revision) return false;
      served = serve(read);
      return true;
    },
  };
}

/** What is served of a flag: its definition, or its old path alone once it is killed. */
export function servedDefinition(flag: StoredFlag): FlagDefinition {
  if (flag.killed === null) return flag.definition;
  const { targeting: _rule, ...rest } = flag.definition;
  return { ...rest, defaultVariant: flag.killed.variant };
}

function serve(state: StoredState): ServedState {
  const definitions = {
    flags: Object.fromEntries(state.flags.map((flag) => [flag.key, servedDefinition(flag)])),
  };
  // Lenient: whatever an older version has stored, one flag must not take the others down.
  const { flags: set, issues } = compileFlagSet(definitions, { lenient: true });
  if (set === undefined) {
    const message = `The flags could not be read: ${issues.map((issue) => issue.message).join('; ')}`;
    throw new BelayError('server.failed', message, { issues });
  }
  return {
    revision: state.revision,
    flags: new Map(state.flags.map((flag) => [flag.key, flag])),
    definitions,
    overlays: state.overlays,
    set,
    overlaySet: compileOverlays(set, state.overlays),
  };
}
