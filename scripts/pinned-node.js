// Plain JavaScript, because any Node >= 20 must be able to run it: finds the Node 24 that the lockfile pins.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const MINIMUM_MAJOR = 24;

/** The Node binary to run Belay with; exits with an explanation where there is none. */
export function pinnedNode() {
  const packaged = path.join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
  if (existsSync(packaged)) return packaged;
  if (Number(process.versions.node.split('.')[0]) >= MINIMUM_MAJOR) return process.execPath;
  const wanted = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).optionalDependencies;
  console.error(
    `Belay needs Node ${MINIMUM_MAJOR} or newer; this is Node ${process.versions.node} on ${process.platform}-${process.arch}.\n` +
      `The pinned Node (${Object.keys(wanted).join(', ')}) is not installed here.\n` +
      'Mend: run "npm ci" without --omit=optional, or install Node 24 and run the command again.',
  );
  process.exit(2);
}

/** Arguments that let Node load workspace packages from their TypeScript sources. */
export const sourceArguments = ['--conditions=@belay/source', '--disable-warning=ExperimentalWarning'];

/** Runs the pinned Node with the given arguments, inherits the terminal, and returns the exit code. */
export function runPinned(argumentList, options = {}) {
  const node = pinnedNode();
  const result = spawnSync(node, argumentList, {
    stdio: 'inherit',
    cwd: root,
    ...options,
    env: { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env.PATH ?? ''}`, ...options.env },
  });
  if (result.error) throw result.error;
  return result.status ?? 1;
}
