// Runs a tool (by its command name) or a TypeScript file with the pinned Node: `node scripts/run.js tsc --noEmit`.
import { readFileSync, existsSync } from 'node:fs';
import path from 'node:path';
import { root, runPinned, sourceArguments } from './pinned-node.js';

const PACKAGE_OF = {
  tsc: 'typescript',
  vitest: 'vitest',
  oxlint: 'oxlint',
  oxfmt: 'oxfmt',
  vite: 'vite',
  knip: 'knip',
};
const [target, ...rest] = process.argv.slice(2);
if (target === undefined) {
  console.error('usage: node scripts/run.js <tool or file.ts> [arguments]');
  process.exit(2);
}
process.exit(runPinned([...sourceArguments, scriptOf(target), ...rest]));

function scriptOf(name) {
  const file = path.resolve(root, name);
  if (existsSync(file)) return file;
  const folder = path.join(root, 'node_modules', PACKAGE_OF[name] ?? name);
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return path.join(folder, typeof bin === 'string' ? bin : bin[name]);
}
