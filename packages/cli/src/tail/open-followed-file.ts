import type { FileHandle } from 'node:fs/promises';
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { exitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';

/** A file that is being read, known by its inode rather than its name. */
export interface FollowedFile {
  readonly handle: FileHandle;
  readonly inode: number;
  readonly size: number;
}

/** Opens the file that has the name now; undefined where there is none yet. */
export async function openByName(file: string): Promise<FollowedFile | undefined> {
  try {
    return await opened(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return undefined;
    if (code !== 'EACCES' && code !== 'EISDIR' && code !== 'ENOTDIR') throw error;
    throw new CliFailure(
      {
        code: 'request.invalid',
        exitCode: exitCode.usage,
        what: 'The file cannot be read.',
        why: `${file}: ${error instanceof Error ? error.message : String(error)}`,
        fix: 'name a file that this user may read',
      },
      error,
    );
  }
}

/** Where a file is that was rotated away: a neighbour whose name begins alike and whose inode is the same. */
export async function pathOfInode(file: string, inode: number): Promise<string | undefined> {
  const folder = path.dirname(file);
  const stem = path.basename(file, path.extname(file));
  for (const name of await namesIn(folder)) {
    if (!name.startsWith(stem)) continue;
    const candidate = path.join(folder, name);
    const found = await stat(candidate).catch(() => undefined);
    if (found?.ino === inode && found.isFile()) return candidate;
  }
  return undefined;
}

/** A folder that is not there yet has no files. */
async function namesIn(folder: string): Promise<readonly string[]> {
  return readdir(folder).catch(() => []);
}

async function opened(file: string): Promise<FollowedFile> {
  const handle = await open(file, 'r');
  const { ino, size } = await handle.stat();
  return { handle, inode: ino, size };
}
