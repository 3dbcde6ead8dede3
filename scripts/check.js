// `npm run check`: types, lint, format, generated files and lockfile. Each failure is told; all are run.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { root, runPinned } from './pinned-node.js';
import { ensureInstalled } from './set-up.js';

ensureInstalled();
const run = (...command) => runPinned([path.join(root, 'scripts/run.js'), ...command]);
const failures = [];
const check = (name, status) => {
  console.log(`${status === 0 ? 'ok     ' : 'FAILED '} ${name}`);
  if (status !== 0) failures.push(name);
};

for (const project of ['.', 'packages/core', 'packages/wire', 'packages/sdk', 'packages/web', 'test/e2e']) {
  check(`types of ${project === '.' ? 'the workspace' : project}`, run('tsc', '-p', project));
}
check('lint', run('oxlint', '--deny-warnings'));
check('format', run('oxfmt', '--check'));
check('lockfile holds every platform', runPinned([path.join(root, 'scripts/complete-lockfile.js'), '--check']));
check('generated files are up to date', run('scripts/generate.ts') || changedFiles());

if (failures.length > 0) console.error(`Checks that failed: ${failures.join(', ')}.`);
process.exit(failures.length > 0 ? 1 : 0);

function changedFiles() {
  const places = ['docs/reference', 'packages/client/src/generated', 'packages/server/src/platform/sqlite'];
  const result = spawnSync('git', ['diff', '--exit-code', '--stat', '--', ...places], { cwd: root, stdio: 'inherit' });
  if (result.status !== 0) console.error('Mend: run "npm run generate" and commit what changes.');
  return result.status ?? 1;
}
