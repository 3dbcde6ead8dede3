import { existsSync } from 'node:fs';
import type { RestorePlan, RestoreRequest } from '@belay/protocol';
import { type BackupContext, destinationOf } from '../backup-context.ts';
import type { CatalogueEntry } from '../catalogue/catalogue.ts';
import { isProven, levelOf } from '../catalogue/level-of.ts';
import { requireUntampered } from '../catalogue/require-untampered.ts';
import { readableCopy } from '../drill/run-drill.ts';
import { runWork } from '../work/run-work.ts';
import { type RestoreTarget, restoreTarget } from './restore-target.ts';

const LOOK_MS = 60_000;
const CLOCK_WAS_WRONG =
  'The backup is dated in the future: the clock was wrong then or is wrong now. How much would be lost is NOT known.';

/** What a restore would do and lose. Touches nothing. */
export async function planRestore(
  context: BackupContext,
  entry: CatalogueEntry,
  request: RestoreRequest,
): Promise<RestorePlan> {
  requireUntampered(entry);
  const { manifest } = entry;
  const target = restoreTarget(context, entry, request);
  const from = request.from === undefined ? readableCopy(entry, context) : destinationOf(context, request.from).name;
  const level = levelOf(entry);
  const live = request.mode === 'replace' ? await lookAtLive(target) : { tables: null, warnings: [] };
  const drills = entry.receipts.filter(({ restoreMs }) => restoreMs !== null);
  return {
    backup: manifest.id,
    source: manifest.source,
    mode: request.mode,
    target: target.place,
    from,
    snapshotAt: manifest.snapshotAt,
    level,
    isProven: isProven(level),
    lostMs: request.mode === 'replace' ? Math.max(0, context.clock.now() - manifest.snapshotAt) : 0,
    lostRows: lostRows(manifest.tables, live.tables),
    expectedMs: drills.at(-1)?.restoreMs ?? null,
    warnings: [
      ...(manifest.snapshotAt > context.clock.now() ? [CLOCK_WAS_WRONG] : []),
      ...(isProven(level)
        ? []
        : ['This backup was never proven by a drill; it is checked before anything is changed.']),
      ...(live.schemaHash === undefined || live.schemaHash === manifest.schemaHash
        ? []
        : ['The schema changed since the backup: the service must be of the version of then.']),
      ...live.warnings,
    ],
  };
}

type Tables = CatalogueEntry['manifest']['tables'];

interface LiveLook {
  readonly tables: readonly Tables[number][] | null;
  readonly schemaHash?: string;
  readonly warnings: readonly string[];
}

/** A database that cannot be read is why people restore: that is told and stops nothing. */
async function lookAtLive({ source: { database } }: RestoreTarget): Promise<LiveLook> {
  if (database.engine !== 'sqlite') return { tables: null, warnings: [] };
  if (!existsSync(database.path)) return { tables: null, warnings: ['The live database is not there.'] };
  try {
    const { tables, schemaHash } = await runWork('sqlite-look', { file: database.path }, { deadlineMs: LOOK_MS });
    return { tables, schemaHash, warnings: [] };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { tables: null, warnings: [`The live database cannot be read: ${why}`.slice(0, 500)] };
  }
}

/** Tables with other counts than in the backup; with nothing to compare with, none. */
function lostRows(kept: Tables, live: LiveLook['tables']): RestorePlan['lostRows'] {
  if (live === null) return [];
  const rows = new Map(kept.map(({ name, rows: count }) => [name, count]));
  const found = new Map(live.map(({ name, rows: count }) => [name, count]));
  return [...new Set([...rows.keys(), ...found.keys()])]
    .map((table) => ({ table, live: found.get(table) ?? null, backup: rows.get(table) ?? 0 }))
    .filter(({ live: count, backup }) => count !== backup)
    .slice(0, 200);
}
