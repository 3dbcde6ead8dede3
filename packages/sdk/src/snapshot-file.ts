import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { open, mkdir, rename, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type Decoded, type FlagState, decodeSnapshot, parseJson } from './snapshot-decoder.ts';

/** The last good flags on disk, for a start without a server. Leases are never kept. */
export interface SnapshotFile {
  /** Reads the file, at once. Undefined where there is none. */
  read(): Decoded<FlagState> | undefined;
  /** Writes the state whole or not at all; of several calls during a write the last one is written. */
  save(state: FlagState): void;
  /** Waits for the write under way. */
  settle(): Promise<void>;
}

/** Where the file is, and how large it may be. `onFailure` is told in a sentence what could not be written. */
export interface SnapshotFileOptions {
  readonly file: string;
  readonly maximumBytes: number;
  readonly onFailure: (message: string) => void;
}

/** A snapshot file; nothing is touched until it is read or saved. */
export function createSnapshotFile({ file, maximumBytes, onFailure }: SnapshotFileOptions): SnapshotFile {
  let waiting: FlagState | undefined;
  let writing: Promise<void> | undefined;
  const writeAll = async (): Promise<void> => {
    while (waiting !== undefined) {
      const state = waiting;
      waiting = undefined;
      try {
        await writeAtomically(file, JSON.stringify(keptPart(state)));
      } catch (error) {
        onFailure(`the last good flags cannot be kept in ${file}: ${messageOf(error)}`);
      }
    }
  };
  return {
    read: () => readState(file, maximumBytes),
    save(state) {
      waiting = state;
      writing ??= writeAll().finally(() => {
        writing = undefined;
      });
    },
    async settle() {
      await writing;
    },
  };
}

/**
 * A file of this user's own, one for each server and service. The folder is private: a file that somebody else could
 * write would let them choose this service's flags.
 */
export function defaultSnapshotFile(url: string, service: string): string {
  const name = createHash('sha256').update(`${url}\n${service}`).digest('hex').slice(0, 24);
  return path.join(os.tmpdir(), `belay-node-${process.getuid?.() ?? 'user'}`, `${name}.json`);
}

/** Reads and parses a JSON file at once; refuses what is no regular file of ours, or too large. */
export function readJsonFile(file: string, maximumBytes: number): Decoded<unknown> | undefined {
  try {
    const status = fs.statSync(file, { throwIfNoEntry: false });
    if (status === undefined) return undefined;
    // A pipe or device could block the start of the application.
    if (!status.isFile()) return { fault: `${file} is no regular file` };
    if (status.size > maximumBytes) return { fault: `${file} is larger than ${maximumBytes} bytes` };
    return parseJson(fs.readFileSync(file, 'utf8'));
  } catch (error) {
    return { fault: `${file} cannot be read: ${messageOf(error)}` };
  }
}

function readState(file: string, maximumBytes: number): Decoded<FlagState> | undefined {
  if (!isPrivate(file)) return { fault: `${file} belongs to somebody else, so its flags are not used` };
  const read = readJsonFile(file, maximumBytes);
  if (read === undefined || 'fault' in read) return read;
  const state = decodeSnapshot(read.value, 'file');
  return 'fault' in state ? { fault: `${file}: ${state.fault}` } : state;
}

function isPrivate(file: string): boolean {
  const own = process.getuid?.();
  if (own === undefined) return true;
  const status = fs.lstatSync(file, { throwIfNoEntry: false });
  return status === undefined || (status.isFile() && (status.uid === own || status.uid === 0));
}

function keptPart({ revision, definitions, rollouts }: FlagState): object {
  return { format: 'belay-snapshot-1', revision, definitions, rollouts };
}

async function writeAtomically(file: string, text: string): Promise<void> {
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  const handle = await open(draft, 'wx', 0o600);
  try {
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
