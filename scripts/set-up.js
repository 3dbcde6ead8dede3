// Everything `npm run demo` and `npm test` need before they start, done by themselves on a fresh clone.
// Plain JavaScript, because the machine's own Node (>= 20) runs it.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import path from 'node:path';
import { root, runPinned, sourceArguments } from './pinned-node.js';

const OLDEST_NODE = 20;

/** Installs the locked dependencies when they are missing or older than the lockfile. */
export function ensureInstalled() {
  if (Number(process.versions.node.split('.')[0]) < OLDEST_NODE) {
    fail(
      `Node ${process.versions.node} is too old to set Belay up.`,
      `install Node ${OLDEST_NODE} or newer; Belay brings its own Node 24 then`,
    );
  }
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(path.join(root, 'package-lock.json')).mtimeMs)
    return;
  say('Installing dependencies (npm ci) ...');
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  // stdout is kept free: `npm run -s demo -- --json` must print one document and nothing else.
  const result = spawnSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  if (result.status !== 0)
    fail('npm ci did not succeed.', 'read its message above; a network or registry problem is the usual cause');
}

/** Builds the SDK and the dashboard when their sources are newer than the last build. */
export function ensureBuilt() {
  const products = [
    {
      name: 'the SDK',
      script: 'scripts/build-sdk.js',
      result: 'packages/sdk/dist',
      sources: ['packages/sdk/src', 'packages/core/src'],
    },
    {
      name: 'the dashboard',
      script: 'scripts/build-web.js',
      result: 'packages/web/dist',
      sources: ['packages/web', 'packages/client/src', 'packages/core/src'],
    },
  ];
  for (const { name, script, result, sources } of products) {
    if (newestIn(path.join(root, result)) > Math.max(...sources.map((source) => newestIn(path.join(root, source)))))
      continue;
    say(`Building ${name} ...`);
    const status = runPinned([...sourceArguments, path.join(root, script)], { stdio: ['ignore', 2, 2] });
    if (status !== 0) fail(`${script} did not succeed.`, 'read its message above');
  }
}

/** Installs Debian's Chromium for the browser tests where that is possible; says what to do where it is not. */
export function ensureChromium() {
  if (chromiumPath() !== undefined) return true;
  installPackages('Chromium', ['chromium']);
  if (chromiumPath() !== undefined) return true;
  say(
    'Chromium is missing, so the browser tests are skipped. Mend: "sudo apt-get install chromium", or set CHROMIUM_PATH.',
  );
  return false;
}

/** Programs that Belay is tested against or works with, each with the Debian package that brings it. */
const TESTED_AGAINST = [
  ['prometheus', 'prometheus'],
  ['victoria-metrics', 'victoria-metrics'],
  ['nginx', 'nginx-light'],
  ['haproxy', 'haproxy'],
  ['apache2', 'apache2'],
  ['age', 'age'],
  ['zstd', 'zstd'],
  ['pg_dump', 'postgresql'],
  ['redis-server', 'redis-server'],
];

/** Installs the programs that tests need as peers; says what to do where it cannot. */
export function ensurePeers() {
  const missing = () => TESTED_AGAINST.filter(([program]) => !onPath(program)).map(([, name]) => name);
  if (missing().length === 0) return true;
  installPackages('what the tests compare Belay with', missing());
  if (missing().length === 0) return true;
  say(
    `Missing: ${missing().join(', ')}. Tests with them are skipped. Mend: "sudo apt-get install ${missing().join(' ')}".`,
  );
  return false;
}

/** Debian keeps servers in /usr/sbin, which is not on everybody's PATH. */
function onPath(program) {
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin'];
  return folders.some((folder) => folder !== '' && existsSync(path.join(folder, program)));
}

/** Only root may install packages, and only Debian and its kin have these. */
function installPackages(what, packages) {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return;
  say(`Installing ${what} (apt-get) ...`);
  // Debian starts the services it installs; this machine only needs the programs.
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  spawnSync('apt-get', ['update', '-qq'], { stdio: ['ignore', 2, 2], env: environment });
  spawnSync('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], {
    stdio: ['ignore', 2, 2],
    env: environment,
  });
}

/** Where Chromium is, or undefined. */
export function chromiumPath() {
  return [process.env.CHROMIUM_PATH, '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(
    (candidate) => candidate !== undefined && existsSync(candidate),
  );
}

function newestIn(place) {
  if (!existsSync(place)) return 0;
  const status = statSync(place);
  if (!status.isDirectory()) return status.mtimeMs;
  const names = readdirSync(place).filter(
    (name) =>
      name !== 'node_modules' && !(name === 'dist' && path.basename(place) === 'web') && !name.includes('.test.'),
  );
  return Math.max(0, ...names.map((name) => newestIn(path.join(place, name))));
}

function say(text) {
  console.error(text);
}

function fail(what, mend) {
  console.error(`${what}\nMend: ${mend}.`);
  process.exit(1);
}
