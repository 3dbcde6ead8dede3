import type { QuarantinedPart } from '@belay/protocol';
import type { TelemetryEngine } from '../../platform/clickhouse/telemetry-engine-types.ts';
import type { StorageStore } from './storage-store.ts';
import { readDays } from './stored-days.ts';

export interface PartCheckOptions {
  readonly engine: TelemetryEngine;
  readonly store: StorageStore;
  readonly clock: { now(): number };
}

interface DetachedRow {
  readonly table: string;
  readonly day: string;
  readonly part: string;
  readonly reason: string;
  readonly bytes: number | string;
}

/**
 * Finds what the engine has lost. It sets parts that it cannot read aside without an error, and a part whose folder is
 * gone not even that: only the rows that were counted before tell.
 */
export async function checkParts({ engine, store, clock }: PartCheckOptions): Promise<readonly QuarantinedPart[]> {
  const known = await store.quarantined();
  const detached = await engine.client.query({
    query: `SELECT table, concat(substring(partition_id, 1, 4), '-', substring(partition_id, 5, 2), '-', substring(partition_id, 7, 2)) AS day,
        name AS part, reason, bytes_on_disk AS bytes
      FROM system.detached_parts WHERE database = currentDatabase() AND reason != '' AND NOT startsWith(table, 'ageing_')
        AND reason NOT IN ('ignored', 'covered-by-broken')`,
    format: 'JSONEachRow',
  });
  const found: QuarantinedPart[] = [];
  for (const row of await detached.json<DetachedRow>()) {
    if (known.some(({ table, part }) => table === row.table && part === row.part)) continue;
    const { table, day, part, reason } = row;
    found.push({ table, day, part, reason, foundAt: clock.now(), rows: null, bytesOnDisk: Number(row.bytes) });
  }
  found.push(...(await missingRows({ engine, store, clock })));
  for (const part of found) await store.quarantine(part);
  return found;
}

/** Days with fewer rows than when they were last counted; rows only ever come, but for ageing, which says so. */
async function missingRows({ engine, store, clock }: PartCheckOptions): Promise<QuarantinedPart[]> {
  const now = new Map((await readDays(engine)).map((day) => [`${day.table}/${day.day}`, day.rows]));
  const lost: QuarantinedPart[] = [];
  for (const day of await store.days()) {
    const rows = now.get(`${day.table_name}/${day.day}`) ?? 0;
    if (day.state === 'gone' || rows >= day.rows_seen) continue;
    lost.push({
      table: day.table_name,
      day: day.day,
      part: `missing-${day.day}-${day.rows_seen}`,
      reason: 'fewer rows than were stored',
      foundAt: clock.now(),
      rows: day.rows_seen - rows,
      bytesOnDisk: 0,
    });
    await store.saveDay({ ...day, rows_seen: rows });
  }
  return lost;
}

/** Remembers how many rows each day has, for the next check. */
export async function countRows({ engine, store }: PartCheckOptions): Promise<void> {
  const known = new Map((await store.days()).map((day) => [`${day.table_name}/${day.day}`, day]));
  for (const { table, day, rows } of await readDays(engine)) {
    const before = known.get(`${table}/${day}`);
    // Sums are made anew after a crash, so they may have fewer rows.
    if (/_\d+[mhd]$/.test(table) || before?.rows_seen === rows) continue;
    await store.saveDay({
      table_name: table,
      day,
      state: 'raw',
      rows_before: 0,
      bytes_before: 0,
      bytes_after: 0,
      ...before,
      rows_seen: rows,
    });
  }
}
