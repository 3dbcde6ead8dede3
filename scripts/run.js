// Runs a tool (by its command name) or a TypeScript file with the pinned Node: `node scripts/run.js tsc --noEmit`.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pinnedNode, root, sourceArguments } from './pinned-node.js';

const PACKAGE_OF = { tsc: 'typescript', vitest: 'vitest', oxlint: 'oxlint', oxfmt: 'oxfmt', vite: 'vite' };
const [target, ...rest] = process.argv.slice(2);
if (target === undefined) {
  console.error('usage: node scripts/run.js <tool or file.ts> [arguments]');
  process.exit(2);
}
const node = pinnedNode();
const child = spawn(node, [...sourceArguments, scriptOf(target), ...rest], {
  stdio: 'inherit',
  env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}` },
});
// A terminal sends Ctrl-C to both; whatever ends only this process must end the child too.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.once('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));

function scriptOf(name) {
  const file = path.resolve(process.cwd(), name);
  if (existsSync(file)) return file;
  const folder = path.join(root, 'node_modules', PACKAGE_OF[name] ?? name);
  const { bin } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  return path.join(folder, typeof bin === 'string' ? bin : bin[name]);
}
