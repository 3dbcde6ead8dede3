import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import path from 'node:path';

/**
 * The engine keeps the definition of each table in a file, and does not start at all when it cannot read one of them. A
 * copy of each whole definition lies beside them, so that a damaged one costs nothing: it names the folder of the table's
 * data, which a new definition would not.
 */
const COPIES = 'definition-copies';

/**
 * Copies definitions that are whole and newer than their copy; what cannot be copied now is copied later. Tables that
 * only ageing works with have no copies.
 */
export function keepDefinitions(dataPath: string): void {
  try {
    copyNewer(dataPath);
  } catch {
    // The engine may replace a definition at this very moment.
  }
}

function copyNewer(dataPath: string): void {
  const copies = path.join(dataPath, COPIES);
  for (const name of namesIn(folderOf(dataPath))) {
    if (name.startsWith('ageing_')) continue;
    const file = path.join(folderOf(dataPath), name);
    const copy = path.join(copies, name);
    if (existsSync(copy) && statSync(copy).mtimeMs >= statSync(file).mtimeMs) continue;
    if (!isWhole(file)) continue;
    mkdirSync(copies, { recursive: true });
    copyFileSync(file, `${copy}.new`);
    renameSync(`${copy}.new`, copy);
  }
}

/**
 * Before the engine opens: puts copies in the place of definitions that are damaged or gone. A damaged one without a copy
 * is moved aside: its table begins anew, and the others live. Returns a sentence for each.
 */
export function mendDefinitions(dataPath: string): string[] {
  const folder = folderOf(dataPath);
  if (!existsSync(folder)) return [];
  const copies = path.join(dataPath, COPIES);
  const names = new Set([...namesIn(folder), ...namesIn(copies)]);
  return [...names].toSorted().flatMap((name) => {
    const file = path.join(folder, name);
    const copy = path.join(copies, name);
    if (existsSync(file) && isWhole(file)) return [];
    const hasCopy = existsSync(copy) && isWhole(copy);
    if (existsSync(file)) {
      mkdirSync(copies, { recursive: true });
      renameSync(file, `${copy}.damaged-${Date.now()}`);
    }
    if (hasCopy) copyFileSync(copy, file);
    return [
      hasCopy
        ? `the definition of the table ${path.basename(name, '.sql')} was damaged or gone and is restored from its copy`
        : `the definition of the table ${path.basename(name, '.sql')} is damaged and has no copy: the table begins anew`,
    ];
  });
}

function folderOf(dataPath: string): string {
  return path.join(dataPath, 'metadata', 'default');
}

function namesIn(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.sql')) : [];
}

/** Power cuts leave files empty, cut short, or full of zeros. */
function isWhole(file: string): boolean {
  const text = readFileSync(file, 'utf8');
  const count = (bracket: string): number => text.split(bracket).length - 1;
  const isText = !text.includes('\0') && !text.includes('\uFFFD');
  return (
    isText && text.startsWith('ATTACH ') && /^ENGINE = /m.test(text) && count('(') === count(')') && text.endsWith('\n')
  );
}
