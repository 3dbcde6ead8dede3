// `npm test`: sets everything up, then runs every check and every test. Arguments go to vitest.
import path from 'node:path';
import { root, runPinned } from './pinned-node.js';
import { ensureBuilt, ensureChromium, ensureInstalled, ensurePeers } from './set-up.js';

ensureInstalled();
ensureBuilt();
ensureChromium();
ensurePeers();

const inCi = process.env.CI === 'true' || process.env.CI === '1';
const checks = inCi ? runPinned([path.join(root, 'scripts/check.js')]) : 0;
const tests = runPinned([
  path.join(root, 'node_modules/vitest/vitest.mjs'),
  'run',
  '--reporter=default',
  '--reporter=./scripts/skip-reporter.ts',
  ...process.argv.slice(2),
]);
process.exit(checks === 0 ? tests : checks);
