import { createHash } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs';
import path from 'node:path';
import { exitCode } from '../exit-code.ts';
import { CliFailure } from '../failure.ts';

/** How far a file has been sent. */
export interface TailState {
  readonly file: string;
  /** Everything before has been stored by Belay. */
  readonly done: { readonly inode: number; readonly position: number };
  /** A batch that was about to be sent: after a crash the very same bytes are sent again. `at`: Unix ms. */
  readonly sending: { readonly inode: number; readonly end: number; readonly at: number } | null;
}

/** Keeps the state of one followed file on disk. */
export interface TailStateFile {
  /** undefined where the file was never followed. */
  read(): TailState | undefined;
  /** On disk when the call returns. */
  write(state: TailState): void;
}

/** State lives in `folder`, under a name made of the followed file's path. */
export function openTailState(folder: string, file: string): TailStateFile {
  const name = createHash('sha256').update(file).digest('hex').slice(0, 16);
  const target = path.join(folder, `${name}.json`);
  return {
    read() {
      const text = readIfThere(target);
      return text === undefined ? undefined : stateOf(text, target);
    },
    write(state) {
      mkdirSync(folder, { recursive: true });
      const draft = `${target}.${process.pid}.tmp`;
      const handle = openSync(draft, 'w', 0o600);
      writeSync(handle, JSON.stringify(state));
      fsyncSync(handle);
      closeSync(handle);
      renameSync(draft, target);
    },
  };
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

function stateOf(text: string, file: string): TailState {
  const state: unknown = parseOr(text, null);
  if (isState(state)) return state;
  throw new CliFailure({
    code: 'request.malformed',
    exitCode: exitCode.failed,
    what: 'It is not known how far the file was sent.',
    why: `${file} is not what "belay logs tail" writes.`,
    fix: `rm ${file}   (then what is in the file by now counts as sent; --from-start sends all of it)`,
  });
}

function isState(value: unknown): value is TailState {
  if (typeof value !== 'object' || value === null || !('done' in value) || !('sending' in value)) return false;
  const { done, sending } = value;
  return hasNumbers(done, ['inode', 'position']) && (sending === null || hasNumbers(sending, ['inode', 'end', 'at']));
}

function hasNumbers(value: unknown, names: readonly string[]): boolean {
  return (
    typeof value === 'object' && value !== null && names.every((name) => Number.isFinite(Reflect.get(value, name)))
  );
}

function parseOr(text: string, fallback: unknown): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Told above, with the place of the file.
    return fallback;
  }
}
