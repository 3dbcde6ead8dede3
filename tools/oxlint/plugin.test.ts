import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { afterAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(path.join(tmpdir(), 'belay-lint-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lints one file at the given place with only the named rule on, and returns the messages. */
function lint(rule: string, place: string, source: string): string[] {
  const file = path.join(folder, place);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, source);
  const config = path.join(folder, 'config.json');
  writeFileSync(
    config,
    JSON.stringify({
      jsPlugins: [path.join(root, 'tools/oxlint/plugin.js')],
      categories: { correctness: 'off' },
      rules: { [`belay/${rule}`]: 'error' },
    }),
  );
  const manifest: { bin: { oxlint: string } } = JSON.parse(
    readFileSync(path.join(root, 'node_modules/oxlint/package.json'), 'utf8'),
  );
  const binary = path.join(root, 'node_modules/oxlint', manifest.bin.oxlint);
  const result = spawnSync(process.execPath, [binary, '-c', config, '--format', 'json', file], {
    encoding: 'utf8',
    cwd: folder,
  });
  const report: { diagnostics: { message: string }[] } = JSON.parse(result.stdout);
  return report.diagnostics.map((diagnostic) => diagnostic.message);
}

const cases: readonly [rule: string, place: string, bad: string, good: string][] = [
  ['pure-package', 'packages/core/src/a.ts', 'export const t = Date.now();', 'export const t = (now: number) => now;'],
  ['pure-package', 'packages/core/src/b.ts', 'export const t = new Date();', 'export const t = new Date(0);'],
  [
    'pure-package',
    'packages/wire/src/c.ts',
    "import fs from 'node:fs'; fs.readFileSync('x');",
    "import { x } from './x.ts'; x();",
  ],
  ['package-boundary', 'packages/core/src/d.ts', "import '@belay/server';", "import './own.ts';"],
  ['package-boundary', 'packages/web/src/e.ts', "import '@belay/wire';", "import '@belay/client';"],
  ['package-boundary', 'packages/cli/src/f.ts', "import '@belay/core/src/flag/x.ts';", "import '@belay/core/flag';"],
  [
    'feature-boundary',
    'packages/server/src/features/flags/g.ts',
    "import '../changes/store.ts';",
    "import '../changes/api.ts';",
  ],
  [
    'feature-boundary',
    'packages/server/src/platform/h.ts',
    "import '../features/flags/api.ts';",
    "import './clock.ts';",
  ],
  ['no-bare-error', 'packages/core/src/i.ts', "throw new Error('x');", "throw new BelayError('flag.invalid', 'x');"],
  ['no-loose-todo', 'packages/core/src/j.ts', '// TODO later\nexport {};', '// TODO(#12) later\nexport {};'],
  ['no-vague-name', 'packages/core/src/utils.ts', 'export {};', ''],
  ['documented-export', 'packages/core/src/k.ts', 'export const a = 1;', '/** One. */\nexport const a = 1;'],
];

describe('own lint rules', () => {
  it.each(cases)('%s refuses what breaks it in %s and accepts what keeps it', (rule, place, bad, good) => {
    expect(lint(rule, place, bad)).toHaveLength(1);
    expect(lint(rule, place === 'packages/core/src/utils.ts' ? 'packages/core/src/histogram.ts' : place, good)).toEqual(
      [],
    );
  });
});
