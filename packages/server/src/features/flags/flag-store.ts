import { BelayError, invariant } from '@belay/core';
import type { RolloutOverlay } from '@belay/core/flag';
import { flagDefinition, rolloutOverlay } from '@belay/protocol';
import type { ActorView, FlagDefinition } from '@belay/protocol';
import type { Selectable } from 'kysely';
import type { DatabaseConnection, DatabaseTransaction } from '../../platform/sqlite/database.ts';
import type { FlagTable } from '../../platform/sqlite/flags-tables.ts';

/** A flag switched to its old path by hand. */
export interface Kill {
  readonly variant: string;
  readonly at: number;
  readonly reason: string | null;
  /** The attempt that the kill ended; null where none ran. */
  readonly ended: { readonly rolloutId: string; readonly attempt: number } | null;
}

/** One flag as it is stored. */
export interface StoredFlag {
  readonly key: string;
  readonly version: number;
  readonly description: string | null;
  readonly definition: FlagDefinition;
  readonly killed: Kill | null;
  readonly controlVariant: string | null;
  readonly createdAt: number;
  readonly changedAt: number;
  readonly changedBy: ActorView;
  /** What the newest change was, in words. */
  readonly change: string;
}

/** The whole flag state at one revision. */
export interface StoredState {
  readonly revision: number;
  readonly flags: readonly StoredFlag[];
  readonly overlays: readonly RolloutOverlay[];
}

/** Reads everything that SDKs are sent. */
export async function readFlagState(db: DatabaseConnection): Promise<StoredState> {
  const state = await db.selectFrom('flag_state').select('revision').where('id', '=', 1).executeTakeFirstOrThrow();
  const flags = await db.selectFrom('flags').selectAll().orderBy('key').execute();
  const overlays = await db.selectFrom('flag_overlays').select('overlay_json').orderBy('flag_key').execute();
  return {
    revision: state.revision,
    flags: flags.map(flagOf),
    overlays: overlays.map((row) => rolloutOverlay.parse(JSON.parse(row.overlay_json))),
  };
}

/** One flag; undefined where there is none. */
export async function findFlag(db: DatabaseConnection, key: string): Promise<StoredFlag | undefined> {
  const row = await db.selectFrom('flags').selectAll().where('key', '=', key).executeTakeFirst();
  return row === undefined ? undefined : flagOf(row);
}

/** One flag, or `flag.not-found`. */
export async function requireFlag(db: DatabaseConnection, key: string): Promise<StoredFlag> {
  const flag = await findFlag(db, key);
  if (flag !== undefined) return flag;
  throw new BelayError('flag.not-found', `There is no flag "${key.slice(0, 128)}".`, {
    hint: 'List the flags with "belay flag list", or create this one with "belay flag set".',
  });
}

/** Writes a flag, new or changed. */
export async function saveFlag(trx: DatabaseTransaction, flag: StoredFlag): Promise<void> {
  const { key, created_at, ...changes } = rowOf(flag);
  await trx
    .insertInto('flags')
    .values({ key, created_at, ...changes })
    .onConflict((conflict) => conflict.column('key').doUpdateSet(changes))
    .execute();
}

export async function deleteFlag(trx: DatabaseTransaction, key: string): Promise<void> {
  await trx.deleteFrom('flags').where('key', '=', key).execute();
}

/** The rollout laid over a flag; undefined where none is. */
export async function findOverlay(db: DatabaseConnection, flagKey: string): Promise<RolloutOverlay | undefined> {
  const row = await db
    .selectFrom('flag_overlays')
    .select('overlay_json')
    .where('flag_key', '=', flagKey)
    .executeTakeFirst();
  return row === undefined ? undefined : rolloutOverlay.parse(JSON.parse(row.overlay_json));
}

export async function saveOverlay(trx: DatabaseTransaction, overlay: RolloutOverlay): Promise<void> {
  const overlay_json = JSON.stringify(overlay);
  await trx
    .insertInto('flag_overlays')
    .values({ rollout_id: overlay.rolloutId, flag_key: overlay.flagKey, overlay_json })
    .onConflict((conflict) => conflict.column('rollout_id').doUpdateSet({ overlay_json }))
    .execute();
}

export async function deleteOverlay(trx: DatabaseTransaction, rolloutId: string): Promise<void> {
  await trx.deleteFrom('flag_overlays').where('rollout_id', '=', rolloutId).execute();
}

/** Takes the next revision, in the transaction of the change that it stands for. */
export async function nextRevision(trx: DatabaseTransaction): Promise<number> {
  const row = await trx
    .updateTable('flag_state')
    .set((update) => ({ revision: update('revision', '+', 1) }))
    .where('id', '=', 1)
    .returning('revision')
    .executeTakeFirst();
  invariant(row !== undefined, 'the migration wrote the row of flag_state');
  return row.revision;
}

function rowOf(flag: StoredFlag): FlagTable {
  return {
    key: flag.key,
    version: flag.version,
    description: flag.description,
    definition_json: JSON.stringify(flag.definition),
    killed_json: flag.killed === null ? null : JSON.stringify(flag.killed),
    control_variant: flag.controlVariant,
    created_at: flag.createdAt,
    changed_at: flag.changedAt,
    changed_by_json: JSON.stringify(flag.changedBy),
    change: flag.change,
  };
}

/** The JSON columns were written by {@link rowOf} from these very types, inside Belay's own database. */
function flagOf(row: Selectable<FlagTable>): StoredFlag {
  return {
    key: row.key,
    version: row.version,
    description: row.description,
    definition: flagDefinition.parse(JSON.parse(row.definition_json)),
    killed: row.killed_json === null ? null : (JSON.parse(row.killed_json) as Kill),
    controlVariant: row.control_variant,
    createdAt: row.created_at,
    changedAt: row.changed_at,
    changedBy: JSON.parse(row.changed_by_json) as ActorView,
    change: row.change,
  };
}
