#!/usr/bin/env node
// Plain JavaScript, because any Node >= 20 must be able to start it: finds the Node 24 that Belay brings and goes on in it.
import { spawn } from 'node:child_process';
import { realpathSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const here = path.dirname(realpathSync(fileURLToPath(import.meta.url)));
const main = path.resolve(here, '../src/main.ts');
const { pinnedNode, sourceArguments } = await import(
  pathToFileURL(path.resolve(here, '../../../scripts/pinned-node.js')).href
);
const node = pinnedNode();
// Node keeps what it has compiled (and stripped of types) here: a start costs a third of the CPU then.
const NODE_COMPILE_CACHE = process.env.NODE_COMPILE_CACHE ?? path.resolve(here, '../../../node_modules/.cache/belay');
const child = spawn(node, [...sourceArguments, main, ...process.argv.slice(2)], {
  stdio: 'inherit',
  env: { ...process.env, NODE_COMPILE_CACHE },
});
// The terminal sends Ctrl-C to both; the child decides how to end, and this process ends with it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.once('error', (error) => {
  process.stderr.write(`belay could not start ${node}: ${error.message}\nMend: run "npm ci" in the folder of Belay.\n`);
  process.exit(1);
});
child.once('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
