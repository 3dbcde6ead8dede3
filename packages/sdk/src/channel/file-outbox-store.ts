import { type FileHandle, mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import type { OutboxItem, OutboxStore } from './client-types.ts';

/** Lines after which the file is written anew, with what waits alone. */
const COMPACT_LINES = 2000;

/**
 * Keeps an outbox in a file, for one process: a line a change, on the disk when `add` resolves. A line that a crash cut
 * short was never acknowledged to anybody and is left out.
 */
export function openFileOutboxStore(file: string): OutboxStore {
  const book: Book = { items: new Map(), session: '', highest: 0, lines: 0, handle: undefined };
  let working: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(work: () => Promise<Result>): Promise<Result> => {
    const done = working.then(work);
    working = done.catch(() => {});
    return done;
  };
  return {
    load: () => inTurn(() => load(file, book)),
    begin: (name) =>
      inTurn(async () => {
        book.session = name;
        await compact(file, book);
      }),
    add: (added) =>
      inTurn(async () => {
        await write(file, book, { lines: added.map((add) => ({ add })), isSynced: true });
        for (const change of added) apply(book, { add: change });
      }),
    // Forgotten by a crash, a removal costs one more question: the server knows the number.
    remove: (seqs) =>
      inTurn(async () => {
        apply(book, { remove: seqs });
        if (seqs.length > 0) await write(file, book, { lines: [{ remove: seqs }], isSynced: false });
      }),
    close: () =>
      inTurn(async () => {
        await book.handle?.close();
        book.handle = undefined;
      }),
  };
}

interface Book {
  readonly items: Map<number, OutboxItem>;
  session: string;
  highest: number;
  /** Lines in the file. */
  lines: number;
  handle: FileHandle | undefined;
}

interface Change {
  readonly session?: string;
  readonly nextSeq?: number;
  readonly add?: OutboxItem;
  readonly remove?: readonly number[];
}

function apply(book: Book, { session, nextSeq, add, remove }: Change): void {
  book.session = session ?? book.session;
  book.highest = Math.max(book.highest, (nextSeq ?? 1) - 1, add?.seq ?? 0);
  if (add !== undefined) book.items.set(add.seq, add);
  for (const seq of remove ?? []) book.items.delete(seq);
}

async function load(file: string, book: Book): ReturnType<OutboxStore['load']> {
  await mkdir(path.dirname(file), { recursive: true });
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '';
    throw error;
  });
  // What stands behind the last line's end was cut short.
  for (const [index, line] of text.split('\n').slice(0, -1).entries()) apply(book, readChange(line, index + 1, file));
  if (book.session === '') return undefined;
  await compact(file, book);
  const items = [...book.items.values()].sort((a, b) => a.seq - b.seq);
  return { session: book.session, nextSeq: book.highest + 1, items };
}

function readChange(line: string, number: number, file: string): Change {
  try {
    return JSON.parse(line) as Change;
  } catch (cause) {
    throw new RangeError(`line ${number} of ${file} is no JSON; move the file away to begin a new outbox`, { cause });
  }
}

async function write(
  file: string,
  book: Book,
  { lines, isSynced }: { readonly lines: readonly Change[]; readonly isSynced: boolean },
): Promise<void> {
  if (book.handle === undefined) throw new RangeError('the store of the outbox is not open');
  // After a failure, or with many old lines.
  if (book.lines > COMPACT_LINES && book.lines > book.items.size * 2) await compact(file, book);
  try {
    await book.handle.appendFile(textOf(lines));
    if (isSynced) await book.handle.datasync();
    book.lines += lines.length;
  } catch (error) {
    // Half a line may stand there now: the file is written anew before the next.
    book.lines = Infinity;
    throw error;
  }
}

async function compact(file: string, book: Book): Promise<void> {
  const { session, highest, items } = book;
  const lines: Change[] = [{ session, nextSeq: highest + 1 }, ...[...items.values()].map((item) => ({ add: item }))];
  const draft = `${file}.new`;
  const fresh = await open(draft, 'w', 0o600);
  try {
    await fresh.writeFile(textOf(lines));
    await fresh.sync();
    await rename(draft, file);
  } catch (error) {
    await fresh.close();
    throw error;
  }
  await syncFolder(path.dirname(file));
  await book.handle?.close();
  book.handle = fresh;
  book.lines = lines.length;
}

function textOf(lines: readonly Change[]): string {
  return lines.map((line) => `${JSON.stringify(line)}\n`).join('');
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
