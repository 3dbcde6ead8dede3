import { ClickHouseError } from '@clickhouse/client';
import type { QuarantinedPart } from '@belay/protocol';
import type { PartCheckOptions } from './part-check.ts';

/**
 * Reads parts again, some at a time, and takes out those whose files are damaged: the engine looks at the blocks of a part
 * only when a question meets them, and then fails every question about its day.
 */
export interface PartScrub {
  /** Goes on where it stopped until so many bytes are read, at least one part. Resolves with what was taken out. */
  run(bytes: number): Promise<readonly QuarantinedPart[]>;
}

interface StoredPart {
  readonly table: string;
  readonly part: string;
  readonly day: string;
  readonly rows: number;
  readonly bytes: number;
}

const NO_SUCH_PART = '232';
const REASON_LENGTH = 160;

export function createPartScrub(options: PartCheckOptions): PartScrub {
  let last = '';
  return {
    async run(bytes) {
      const parts = await storedParts(options);
      const next = parts.findIndex((part) => keyOf(part) > last);
      const inTurn = next < 0 ? parts : [...parts.slice(next), ...parts.slice(0, next)];
      const found: QuarantinedPart[] = [];
      let left = bytes;
      for (const part of inTurn) {
        last = keyOf(part);
        const damage = await damageOf(options, part);
        if (damage !== null) found.push(await takeOut(options, part, damage));
        left -= part.bytes;
        if (left <= 0) break;
      }
      return found;
    },
  };
}

function keyOf({ table, part }: StoredPart): string {
  return `${table}/${part}`;
}

async function storedParts({ engine }: PartCheckOptions): Promise<StoredPart[]> {
  const result = await engine.client.query({
    query: `SELECT table, name AS part, rows, bytes_on_disk AS bytes, if(match(partition_id, '^[0-9]{8}$'),
        concat(substring(partition_id, 1, 4), '-', substring(partition_id, 5, 2), '-', substring(partition_id, 7, 2)), '') AS day
      FROM system.parts WHERE active AND database = currentDatabase() AND NOT startsWith(table, 'ageing_')`,
    format: 'JSONEachRow',
  });
  // A server writes 64-bit integers as text.
  const parts = await result.json<Omit<StoredPart, 'rows' | 'bytes'> & Record<'rows' | 'bytes', number | string>>();
  return parts
    .map((part) => ({ ...part, rows: Number(part.rows), bytes: Number(part.bytes) }))
    .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** What the engine says about damaged files; null when all is well, or the part has been merged into another. */
async function damageOf({ engine }: PartCheckOptions, { table, part }: StoredPart): Promise<string | null> {
  try {
    const result = await engine.client.query({
      query: `CHECK TABLE ${table} PART '${part}' SETTINGS check_query_single_value_result = 0, max_threads = 1`,
      format: 'JSONEachRow',
    });
    const [row] = await result.json<{ is_passed: number | boolean; message: string }>();
    return row === undefined || Number(row.is_passed) === 1 ? null : row.message;
  } catch (error) {
    if (error instanceof ClickHouseError && error.code === NO_SUCH_PART) return null;
    throw error;
  }
}

/** Its rows are told as missing, once; the files stay in the engine's folder `detached`. */
async function takeOut(
  { engine, store, clock }: PartCheckOptions,
  { table, part, day, rows, bytes }: StoredPart,
  damage: string,
): Promise<QuarantinedPart> {
  const reason = `damaged: ${damage.slice(0, REASON_LENGTH)}`;
  const lost = { table, day, part, reason, foundAt: clock.now(), rows, bytesOnDisk: bytes };
  await store.quarantine(lost);
  const known = (await store.days()).find((row) => row.table_name === table && row.day === day);
  if (known !== undefined) await store.saveDay({ ...known, rows_seen: Math.max(0, known.rows_seen - rows) });
  await engine.client.command({ query: `ALTER TABLE ${table} DETACH PART '${part}'` });
  return lost;
}
