import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { BelayError, isBelayError } from '@belay/core';
import {
  type Destination,
  existingObject,
  missingObject,
  requireObjectName,
  type StoredObject,
} from './destination.ts';

const PARTIAL = '.partial';
/** Younger ones may still be written by another process. */
const ABANDONED_MS = 24 * 3_600_000;

export interface FolderDestinationOptions {
  readonly name: string;
  /** Absolute. It must exist: a folder made anew under an unmounted disk would look like a backup on that disk. */
  readonly folder: string;
}

/** Keeps backups as plain files: written beside, synced, renamed, and the folder synced, so never half a file. */
export function createFolderDestination({ name, folder }: FolderDestinationOptions): Destination {
  const placeOf = (object: string): string => {
    requireObjectName(object);
    return path.join(folder, ...object.split('/'));
  };
  const attempt = async <T>(what: string, run: () => Promise<T>): Promise<T> => {
    try {
      return await run();
    } catch (error) {
      throw failureOf(error, { name, folder, what });
    }
  };
  return {
    name,
    kind: 'folder',
    uri: `file://${folder}`,
    put: (file, object, { replaces = false, sha256, signal }) =>
      attempt(`storing ${object}`, async () => {
        const place = placeOf(object);
        await storeFile({ folder, file, place, replaces, sha256, signal, taken: () => existingObject(name, object) });
        return { name: object, bytes: (await stat(place)).size, sha256: null, etag: null };
      }),
    read: (object, { range, signal } = {}) =>
      attempt(`reading ${object}`, async () => {
        const place = placeOf(object);
        if (!(await isFile(place))) throw missingObject(name, object);
        const part = range === undefined ? {} : { start: range.from, end: range.from + range.bytes - 1 };
        return createReadStream(place, {
          ...part,
          ...(signal === undefined ? {} : { signal }),
          highWaterMark: 1 << 20,
        });
      }),
    stat: (object) =>
      attempt(`looking at ${object}`, async () => {
        await stat(folder);
        const found = await stat(placeOf(object)).catch(absent);
        return found?.isFile() === true ? { name: object, bytes: found.size, sha256: null, etag: null } : null;
      }),
    list: (prefix) => attempt('listing', () => listFiles(folder, prefix)),
    remove: (object) =>
      attempt(`removing ${object}`, async () => {
        const place = placeOf(object);
        await stat(folder);
        await rm(place, { force: true });
        await syncFolder(path.dirname(place)).catch(absent);
      }),
  };
}

/** Removes what a crash left half written; called at start. Returns how many. */
export async function removeAbandonedPartials(folder: string, now: number): Promise<number> {
  let removed = 0;
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(PARTIAL)) continue;
    const place = path.join(entry.parentPath, entry.name);
    const found = await stat(place).catch(absent);
    if (found === undefined || Math.abs(now - found.mtimeMs) < ABANDONED_MS) continue;
    await rm(place, { force: true });
    removed += 1;
  }
  return removed;
}

interface Storing {
  readonly folder: string;
  readonly file: string;
  readonly place: string;
  readonly replaces: boolean;
  readonly sha256: string;
  readonly signal: AbortSignal | undefined;
  readonly taken: () => BelayError;
}

async function storeFile({ folder, file, place, replaces, sha256, signal, taken }: Storing): Promise<void> {
  await stat(folder);
  await makeFolders(folder, path.dirname(place));
  const partial = `${place}.${randomUUID()}${PARTIAL}`;
  try {
    await copyWhole(file, partial, signal);
    if (replaces) await rename(partial, place);
    else
      await linkNew(partial, place).catch(async (error: unknown) => {
        if (codeOf(error) !== 'EEXIST') throw error;
        // Stored before, by an attempt that ended before it could say so.
        if ((await sha256Of(place)) !== sha256) throw taken();
      });
  } finally {
    await rm(partial, { force: true });
  }
  await syncFolder(path.dirname(place));
}

async function copyWhole(from: string, to: string, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted();
  const source = await open(from, 'r');
  try {
    const target = await open(to, 'wx', 0o600);
    try {
      const buffer = Buffer.allocUnsafe(1 << 20);
      for (;;) {
        signal?.throwIfAborted();
        const { bytesRead } = await source.read(buffer, 0, buffer.length, null);
        if (bytesRead === 0) break;
        // `write` of a file handle may be short (a disk that fills up); `writeFile` is not.
        await target.writeFile(buffer.subarray(0, bytesRead));
      }
      await target.sync();
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}

/** `rename` would replace; `link` fails when the name is taken, in one step. */
async function linkNew(partial: string, place: string): Promise<void> {
  try {
    await link(partial, place);
  } catch (error) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error) ?? '')) throw error;
    // A file system without hard links (FAT, some network shares): reserve the name, then replace the reservation.
    await (await open(place, 'wx', 0o600)).close();
    await rename(partial, place);
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file)) hash.update(chunk);
  return hash.digest('hex');
}

async function makeFolders(root: string, wanted: string): Promise<void> {
  if (wanted === root) return;
  const first = await mkdir(wanted, { recursive: true, mode: 0o700 });
  if (first === undefined) return;
  // A new folder is only there after a crash when the one that holds it was synced.
  for (let at = path.dirname(wanted); at.length >= path.dirname(first).length; at = path.dirname(at)) {
    await syncFolder(at);
    if (at === root) return;
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function listFiles(folder: string, prefix: string): Promise<readonly StoredObject[]> {
  const found: StoredObject[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith(PARTIAL)) continue;
    const place = path.join(entry.parentPath, entry.name);
    const object = path.relative(folder, place).split(path.sep).join('/');
    if (!object.startsWith(prefix)) continue;
    const size = (await stat(place).catch(absent))?.size;
    if (size !== undefined) found.push({ name: object, bytes: size, sha256: null, etag: null });
  }
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function isFile(place: string): Promise<boolean> {
  return (await stat(place).catch(absent))?.isFile() === true;
}

function absent(error: unknown): undefined {
  if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
  throw error;
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

interface Place {
  readonly name: string;
  readonly folder: string;
  readonly what: string;
}

function failureOf(error: unknown, { name, folder, what }: Place): unknown {
  if (isBelayError(error) || (error instanceof Error && error.name === 'AbortError')) return error;
  const code = codeOf(error);
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new BelayError('storage.full', `${name} is full (${what}).`, {
      hint: `Free space in ${folder}; nothing half written was left.`,
      cause: error,
    });
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS')
    return new BelayError('backup.destination-refused', `${name} does not allow ${what} (${code}).`, {
      hint: `Give the user who runs Belay the right to read and write ${folder}.`,
      cause: error,
    });
  return new BelayError('backup.destination-unreachable', `${name} failed while ${what} (${code ?? 'unknown'}).`, {
    hint: `Is ${folder} there and its disk mounted? Belay makes no backup folder by itself.`,
    cause: error,
  });
}
