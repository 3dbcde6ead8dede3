import { readFile, rm } from 'node:fs/promises';
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { writeFileAtomically } from '../../../platform/files/write-file-atomically.ts';

/** Gzipped source maps in a folder, one file a map. */
export interface SourceMapFiles {
  write(id: string, gzipped: Uint8Array): Promise<void>;
  /** The map's JSON; rejects when it is gone or damaged. */
  read(id: string): Promise<string>;
  remove(id: string): Promise<void>;
}

/** Largest map after decompression. */
export const MAP_BYTES: number = 128 * 1024 * 1024;

const decompress = promisify(gunzip);

export function createSourceMapFiles(folder: string): SourceMapFiles {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const fileOf = (id: string): string => path.join(folder, `${id}.map.gz`);
  return {
    write: (id, gzipped) => writeFileAtomically(fileOf(id), gzipped, 0o600),
    async read(id) {
      const bytes = await decompress(await readFile(fileOf(id)), { maxOutputLength: MAP_BYTES });
      return bytes.toString('utf8');
    },
    remove: (id) => rm(fileOf(id), { force: true }),
  };
}
