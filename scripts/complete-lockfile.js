// npm leaves out of a fresh lockfile the platform packages that it could not install on the machine at hand, and
// `npm ci` on another platform then misses them. This adds every optional dependency that an installed package
// names, with the integrity the registry states. Run by `npm run lock`.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './pinned-node.js';

const file = path.join(root, 'package-lock.json');
const lock = JSON.parse(readFileSync(file, 'utf8'));
const checkOnly = process.argv.includes('--check');
const missing = findMissing(lock.packages);

if (checkOnly) {
  for (const { name, range, wantedBy } of missing)
    console.error(`package-lock.json lacks ${name}@${range}, wanted by ${wantedBy}`);
  if (missing.length > 0) console.error('Mend: run "npm run lock" and commit package-lock.json.');
  process.exit(missing.length > 0 ? 1 : 0);
}

let added = 0;
const unserved = [];
const unverified = [];
for (const { name, range, wantedBy } of missing) {
  const entry = lookUp(name, range) ?? fromName(name, range);
  if (entry === undefined) {
    unserved.push(`${name}@${range} (wanted by ${wantedBy})`);
    continue;
  }
  if (entry.integrity === undefined) unverified.push(`${name}@${range}`);
  lock.packages[`node_modules/${name}`] = entry;
  added += 1;
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
if (missing.length > 0) {
  writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
  // What is installed matches still: only entries of other platforms were added.
  const installed = path.join(root, 'node_modules', '.package-lock.json');
  if (existsSync(installed)) utimesSync(installed, new Date(), new Date());
}
console.log(`package-lock.json: ${added} platform packages added.`);
if (unverified.length > 0)
  console.log(`Entered without integrity, because the registry in use does not serve them: ${unverified.join(', ')}`);
if (unserved.length > 0) console.log(`Not served by the registry in use, left out: ${unserved.join(', ')}`);

function findMissing(packages) {
  const found = new Map();
  for (const [place, entry] of Object.entries(packages)) {
    for (const [name, range] of Object.entries(entry.optionalDependencies ?? {})) {
      if (isResolvable(packages, place, name)) continue;
      found.set(`${name}@${range}`, { name, range, wantedBy: place === '' ? 'the root package' : place });
    }
  }
  return [...found.values()];
}

/** Walks up the folders as Node does. */
function isResolvable(packages, place, name) {
  let folder = place;
  for (;;) {
    if (packages[folder === '' ? `node_modules/${name}` : `${folder}/node_modules/${name}`] !== undefined) return true;
    if (folder === '') return false;
    const cut = folder.lastIndexOf('/node_modules/');
    folder = cut === -1 ? '' : folder.slice(0, cut);
  }
}

function lookUp(name, range) {
  const fields = [
    'version',
    'dist.integrity',
    'license',
    'os',
    'cpu',
    'libc',
    'engines',
    'dependencies',
    'optionalDependencies',
  ];
  let answer;
  try {
    answer = execFileSync('npm', ['view', `${name}@${range}`, ...fields, '--json'], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  } catch {
    // The registry does not serve it; the caller reports that.
    return undefined;
  }
  if (answer.trim() === '') return undefined;
  const parsed = JSON.parse(answer);
  const { 'dist.integrity': integrity, ...view } = Array.isArray(parsed) ? parsed.at(-1) : parsed;
  if (integrity === undefined) return undefined;
  return {
    version: view.version,
    integrity,
    ...pick(view, ['cpu', 'libc']),
    license: view.license,
    optional: true,
    ...pick(view, ['os', 'engines', 'dependencies']),
  };
}

/**
 * A platform package pinned by an exact version, whose platform its name tells (`lib-linux-arm64-gnu`): without the
 * entry npm would silently leave it out on that platform; with it, npm fetches exactly this version there.
 */
function fromName(name, version) {
  const match = /(darwin|linux|win32)-(x64|arm64)(?:-(gnu|musl))?$/.exec(name);
  if (match === null || !/^\d/.test(version)) return undefined;
  const [, system, processor, library] = match;
  const libc = library === undefined ? {} : { libc: [library === 'gnu' ? 'glibc' : 'musl'] };
  return { version, cpu: [processor], ...libc, optional: true, os: [system] };
}

function pick(source, names) {
  const pairs = names
    .filter((name) => source[name] !== undefined)
    .map((name) => [name, name === 'cpu' || name === 'os' || name === 'libc' ? [source[name]].flat() : source[name]]);
  return Object.fromEntries(pairs);
}
