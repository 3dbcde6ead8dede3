import { readFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import path from 'node:path';

export type Framework = 'express' | 'fastify' | 'hono' | 'koa' | 'node';
export type PackageManager = 'npm' | 'pnpm' | 'yarn' | 'bun';

/** What a folder says about the service in it. */
export interface Project {
  readonly service: string;
  readonly framework: Framework;
  readonly packageManager: PackageManager;
  readonly language: 'ts' | 'mjs' | 'cjs';
  /** Folder of the sources, relative: `src` or `.`. */
  readonly sourceFolder: string;
  /** How the service's own code names the file of the SDK beside it; compilers differ on the ending. */
  readonly importPath: string;
}

const FRAMEWORKS: readonly Framework[] = ['fastify', 'express', 'hono', 'koa'];
const LOCK_FILES: readonly (readonly [file: string, manager: PackageManager])[] = [
  ['pnpm-lock.yaml', 'pnpm'],
  ['yarn.lock', 'yarn'],
  ['bun.lock', 'bun'],
  ['bun.lockb', 'bun'],
  ['package-lock.json', 'npm'],
];

/** Looks at package.json and the lock file; undefined where there is no package.json. Throws on one that is no JSON. */
export async function detectProject(folder: string): Promise<Project | undefined> {
  const file = path.join(folder, 'package.json');
  if (!existsSync(file)) return undefined;
  const manifest: unknown = JSON.parse(await readFile(file, 'utf8'));
  const dependencies = { ...recordAt(manifest, 'dependencies'), ...recordAt(manifest, 'devDependencies') };
  const isTypeScript = existsSync(path.join(folder, 'tsconfig.json')) || 'typescript' in dependencies;
  const isModule = textAt(manifest, 'type') === 'module';
  const language = isTypeScript ? 'ts' : isModule ? 'mjs' : 'cjs';
  return {
    service: serviceName(textAt(manifest, 'name') ?? path.basename(path.resolve(folder))),
    framework: FRAMEWORKS.find((framework) => framework in dependencies) ?? 'node',
    packageManager: LOCK_FILES.find(([lock]) => existsSync(path.join(folder, lock)))?.[1] ?? 'npm',
    language,
    sourceFolder: existsSync(path.join(folder, 'src')) ? 'src' : '.',
    importPath: language === 'ts' ? await typeScriptImport(folder, isModule) : './belay.js',
  };
}

/** `./belay.ts` where nothing compiles or the compiler takes it, `./belay.js` for modules, `./belay` for CommonJS. */
async function typeScriptImport(folder: string, isModule: boolean): Promise<string> {
  const file = path.join(folder, 'tsconfig.json');
  if (!existsSync(file)) return './belay.ts';
  const takesTs = /"(allowImportingTsExtensions|rewriteRelativeImportExtensions)"\s*:\s*true/;
  if (takesTs.test(await readFile(file, 'utf8'))) return './belay.ts';
  return isModule ? './belay.js' : './belay';
}

/** `@acme/Billing API` becomes `billing-api`. */
function serviceName(name: string): string {
  const last = name.split('/').at(-1) ?? name;
  const plain = last
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '');
  return plain === '' ? 'service' : plain;
}

function recordAt(value: unknown, key: string): Readonly<Record<string, unknown>> {
  const found = valueAt(value, key);
  return typeof found === 'object' && found !== null ? { ...found } : {};
}

function textAt(value: unknown, key: string): string | undefined {
  const found = valueAt(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function valueAt(value: unknown, key: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([name]) => name === key)?.[1];
}
