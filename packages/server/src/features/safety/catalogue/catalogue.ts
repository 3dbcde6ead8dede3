import {
  backupReceipt,
  type BackupCopyView,
  type BackupReceipt,
  type BackupView,
  safetyOperation,
  type SafetyLease,
  type SafetyOperation,
} from '@belay/protocol';
import { sql } from 'kysely';
import type { Database } from '../../../platform/sqlite/database.ts';
import type { SafetyBackupTable, SafetyCopyTable } from '../../../platform/sqlite/safety-tables.ts';
import { type ManifestFile, readManifest } from './manifest-file.ts';

export type CatalogueCopy = BackupCopyView;

/** Everything that is known of one backup. */
export interface CatalogueEntry extends ManifestFile {
  readonly state: BackupView['state'];
  readonly pin: string | null;
  readonly copies: readonly CatalogueCopy[];
  /** In the order in which they were written; clocks may have jumped between. */
  readonly receipts: readonly BackupReceipt[];
}

export interface EntryFilter {
  readonly source?: string | undefined;
  /** Default false. */
  readonly withRemoved?: boolean | undefined;
}

/** What Belay knows of backups. A cache: the manifests and receipts at the destinations are the truth. */
export interface Catalogue {
  /** The next number of a source; never given twice, even when the backup fails. */
  nextSequence(source: string): Promise<number>;
  /** Newest first by sequence within a source, sources by name. */
  entries(filter?: EntryFilter): Promise<readonly CatalogueEntry[]>;
  find(id: string): Promise<CatalogueEntry | undefined>;
  add(file: ManifestFile, state: BackupView['state']): Promise<void>;
  setState(id: string, state: BackupView['state']): Promise<void>;
  setPin(id: string, pin: string | null): Promise<void>;
  saveCopy(id: string, copy: CatalogueCopy): Promise<void>;
  addReceipt(receipt: BackupReceipt): Promise<void>;
  saveOperation(operation: SafetyOperation): Promise<void>;
  /** Newest first. */
  operations(filter?: { readonly source?: string; readonly state?: string }): Promise<readonly SafetyOperation[]>;
  leases(now: number): Promise<readonly SafetyLease[]>;
  saveLease(lease: SafetyLease): Promise<void>;
  removeLease(id: string): Promise<boolean>;
  fact(key: string): Promise<unknown>;
  setFact(key: string, value: unknown): Promise<void>;
}

const OPERATIONS_KEPT = 1000;

export function createCatalogue(db: Database): Catalogue {
  return { ...entriesOf(db), ...operationsOf(db), ...leasesOf(db), ...factsOf(db) };
}

type Entries = 'entries' | 'find' | 'add' | 'setState' | 'setPin' | 'saveCopy' | 'addReceipt';

function entriesOf(db: Database): Pick<Catalogue, Entries> {
  const read = (rows: readonly SafetyBackupTable[]) => readEntries(db, rows);
  return {
    async entries({ source, withRemoved = false } = {}) {
      let query = db.selectFrom('safety_backups').selectAll().orderBy('source').orderBy('sequence', 'desc');
      if (source !== undefined) query = query.where('source', '=', source);
      if (!withRemoved) query = query.where('state', '!=', 'removed');
      return read(await query.execute());
    },
    async find(id) {
      return (await read(await db.selectFrom('safety_backups').selectAll().where('id', '=', id).execute()))[0];
    },
    async add({ manifest, text, hash }, state) {
      const { id, source, sequence, snapshotAt } = manifest;
      const row = { id, source, sequence, snapshot_at: snapshotAt, state, manifest_text: text, manifest_hash: hash };
      await db
        .insertInto('safety_backups')
        .values({ ...row, pin: null })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
    },
    async setState(id, state) {
      await db.updateTable('safety_backups').set({ state }).where('id', '=', id).execute();
    },
    async setPin(id, pin) {
      await db.updateTable('safety_backups').set({ pin }).where('id', '=', id).execute();
    },
    async saveCopy(backup, { destination, state, method, checkedAt, detail, markedAt }) {
      const row = { backup, destination, state, method, checked_at: checkedAt, detail, marked_at: markedAt };
      await db
        .insertInto('safety_copies')
        .values(row)
        .onConflict((conflict) => conflict.columns(['backup', 'destination']).doUpdateSet(row))
        .execute();
    },
    async addReceipt(receipt) {
      const { id, backup, source, level, outcome, startedAt } = receipt;
      await db
        .insertInto('safety_receipts')
        .values({
          id,
          backup,
          source,
          level,
          outcome,
          started_at: startedAt,
          receipt_json: JSON.stringify(receipt),
        })
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute();
    },
  };
}

async function readEntries(db: Database, rows: readonly SafetyBackupTable[]): Promise<readonly CatalogueEntry[]> {
  if (rows.length === 0) return [];
  const copies = Map.groupBy(await db.selectFrom('safety_copies').selectAll().execute(), ({ backup }) => backup);
  const receipts = await db
    .selectFrom('safety_receipts')
    .selectAll()
    .orderBy(sql`rowid`)
    .execute();
  const byBackup = Map.groupBy(receipts, ({ backup }) => backup);
  return rows.map((row) => ({
    ...readManifest(row.manifest_text, row.id),
    hash: row.manifest_hash,
    // The column is written by this file alone.
    state: row.state as BackupView['state'],
    pin: row.pin,
    copies: (copies.get(row.id) ?? []).map(copyOf).toSorted((a, b) => (a.destination < b.destination ? -1 : 1)),
    receipts: (byBackup.get(row.id) ?? []).map(({ receipt_json }) => backupReceipt.parse(JSON.parse(receipt_json))),
  }));
}

function copyOf({ destination, state, method, checked_at, detail, marked_at }: SafetyCopyTable): CatalogueCopy {
  // The column is written by this file alone.
  const known = state as CatalogueCopy['state'];
  return { destination, state: known, method, checkedAt: checked_at, detail, markedAt: marked_at };
}

function operationsOf(db: Database): Pick<Catalogue, 'saveOperation' | 'operations'> {
  return {
    async saveOperation(operation) {
      const { id, kind, source, state, startedAt } = operation;
      const row = { id, kind, source, state, started_at: startedAt, operation_json: JSON.stringify(operation) };
      await db
        .insertInto('safety_operations')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
      if (state === 'waiting' || state === 'running') return;
      const kept = db.selectFrom('safety_operations').select('id').orderBy('started_at', 'desc').limit(OPERATIONS_KEPT);
      await db.deleteFrom('safety_operations').where('id', 'not in', kept).execute();
    },
    async operations({ source, state } = {}) {
      let query = db.selectFrom('safety_operations').select('operation_json').orderBy('started_at', 'desc');
      if (source !== undefined) query = query.where('source', '=', source);
      if (state !== undefined) query = query.where('state', '=', state);
      const rows = await query.limit(OPERATIONS_KEPT).execute();
      return rows.map(({ operation_json }) => safetyOperation.parse(JSON.parse(operation_json)));
    },
  };
}

function leasesOf(db: Database): Pick<Catalogue, 'leases' | 'saveLease' | 'removeLease'> {
  return {
    async leases(now) {
      const rows = await db.selectFrom('safety_leases').selectAll().where('expires_at', '>', now).execute();
      return rows.map(({ id, source, holder, reason, acquired_at, expires_at }) => ({
        id,
        source: source === '' ? null : source,
        holder,
        reason,
        acquiredAt: acquired_at,
        expiresAt: expires_at,
      }));
    },
    async saveLease({ id, source, holder, reason, acquiredAt, expiresAt }) {
      const row = { id, source: source ?? '', holder, reason, acquired_at: acquiredAt, expires_at: expiresAt };
      await db
        .insertInto('safety_leases')
        .values(row)
        .onConflict((conflict) => conflict.column('id').doUpdateSet(row))
        .execute();
    },
    async removeLease(id) {
      const { numDeletedRows } = await db.deleteFrom('safety_leases').where('id', '=', id).executeTakeFirst();
      return numDeletedRows > 0n;
    },
  };
}

function factsOf(db: Database): Pick<Catalogue, 'fact' | 'setFact' | 'nextSequence'> {
  const fact = async (key: string): Promise<unknown> => {
    const row = await db.selectFrom('safety_facts').select('value_json').where('key', '=', key).executeTakeFirst();
    return row === undefined ? undefined : JSON.parse(row.value_json);
  };
  const setFact = async (key: string, value: unknown): Promise<void> => {
    const row = { key, value_json: JSON.stringify(value) };
    await db
      .insertInto('safety_facts')
      .values(row)
      .onConflict((conflict) => conflict.column('key').doUpdateSet(row))
      .execute();
  };
  return {
    fact,
    setFact,
    async nextSequence(source) {
      const known = await db
        .selectFrom('safety_backups')
        .select((select) => select.fn.max('sequence').as('last'))
        .where('source', '=', source)
        .executeTakeFirst();
      const given = Number((await fact(`sequence:${source}`)) ?? 0);
      const next = Math.max(known?.last ?? 0, given) + 1;
      await setFact(`sequence:${source}`, next);
      return next;
    },
  };
}
