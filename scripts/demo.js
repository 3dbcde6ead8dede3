// `npm run demo`: does all its own set-up on a fresh clone, then runs `belay demo` with the pinned Node.
import { spawn } from 'node:child_process';
import path from 'node:path';
import { pinnedNode, root, sourceArguments } from './pinned-node.js';
import { ensureBuilt, ensureInstalled } from './set-up.js';

ensureInstalled();
ensureBuilt();

const main = path.join(root, 'packages/cli/src/main.ts');
const child = spawn(pinnedNode(), [...sourceArguments, main, 'demo', ...process.argv.slice(2)], { stdio: 'inherit' });
// The terminal sends Ctrl-C to both; the demo ends its children in order, and this process ends with it.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.once('exit', (code) => process.exit(code ?? 1));
