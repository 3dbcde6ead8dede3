// Builds packages/sdk/dist (or the folder given): one self-contained ESM and one CommonJS file per entry, with types that import nothing of ours.
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root, runPinned } from './pinned-node.js';

const sdk = path.join(root, 'packages/sdk');
const dist = path.resolve(process.argv[2] ?? path.join(sdk, 'dist'));
const draft = `${dist}.${process.pid}.tmp`;
const { exports: places } = JSON.parse(readFileSync(path.join(sdk, 'package.json'), 'utf8'));
const entries = Object.values(places)
  .filter((place) => typeof place === 'object')
  .map((place) => path.basename(place['@belay/source'], '.ts'));

try {
  await bundle();
  declare();
  rmSync(dist, { recursive: true, force: true });
  renameSync(draft, dist);
} finally {
  rmSync(draft, { recursive: true, force: true });
}

async function bundle() {
  const { rolldown } = createRequire(path.join(sdk, 'package.json'))('rolldown');
  for (const entry of entries) {
    const build = await rolldown({
      input: path.join(sdk, 'src', `${entry}.ts`),
      platform: 'node',
      external: [/^node:/, '@openfeature/server-sdk', 'pino', 'pino-roll', 'ws'],
      resolve: { conditionNames: ['@belay/source', 'node', 'import'] },
    });
    for (const [format, extension] of Object.entries({ esm: 'js', cjs: 'cjs' })) {
      await build.write({
        file: path.join(draft, `${entry}.${extension}`),
        format,
        minify: false,
        codeSplitting: false,
      });
    }
    await build.close();
  }
}

/** Types by the compiler; only those that an entry leads to are kept, and they may not name another package of ours. */
function declare() {
  const types = path.join(draft, 'types');
  mkdirSync(types, { recursive: true });
  const compiler = path.join(root, 'node_modules/typescript/bin/tsc');
  const flags = ['--noEmit', 'false', '--rootDir', root, '--declaration', '--emitDeclarationOnly', '--outDir', types];
  const status = runPinned([compiler, '-p', sdk, ...flags], { stdio: ['ignore', 2, 2] });
  if (status !== 0) fail('the types could not be written', 'read the message of the compiler above');
  const from = path.join(types, 'packages/sdk/src');
  const waiting = [...entries];
  const done = new Set();
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    if (done.has(name)) continue;
    done.add(name);
    const text = readFileSync(path.join(from, `${name}.d.ts`), 'utf8');
    if (/from ["']@belay\//.test(text))
      fail(`${name}.d.ts names a package that is not published`, 'keep it out of the public types');
    const folder = path.posix.dirname(name);
    for (const [, next] of text.matchAll(/from ["'](\.{1,2}\/[a-z/.-]+?)(?:\.ts|\.js)["']/g))
      waiting.push(path.posix.join(folder, next));
    const local = (extension) =>
      text.replaceAll(/(from ["']\.{1,2}\/[a-z/.-]+?)\.(?:ts|js)(["'])/g, `$1.${extension}$2`);
    mkdirSync(path.join(draft, folder), { recursive: true });
    writeFileSync(path.join(draft, `${name}.d.ts`), local('js'));
    writeFileSync(path.join(draft, `${name}.d.cts`), local('cjs'));
  }
  rmSync(types, { recursive: true, force: true });
  copyFileSync(path.join(root, 'LICENSE'), path.join(draft, 'LICENSE'));
}

function fail(what, mend) {
  console.error(`${what}\nMend: ${mend}.`);
  process.exitCode = 1;
  throw new Error(what);
}
