import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { runBelay } from '../application.ts';
import type { World } from '../run.ts';

const folders: string[] = [];
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function service(manifest: object, files: Readonly<Record<string, string>> = {}) {
  const cwd = await mkdtemp(path.join(tmpdir(), 'belay-init-'));
  folders.push(cwd);
  await writeFile(path.join(cwd, 'package.json'), JSON.stringify(manifest));
  for (const [name, text] of Object.entries(files)) await writeFile(path.join(cwd, name), text);
  const printed = { stdout: '', stderr: '' };
  const world: World = {
    stdout: { write: (text) => void (printed.stdout += text) },
    stderr: { write: (text) => void (printed.stderr += text) },
    stdinIsTty: false,
    environment: {},
    cwd,
    home: cwd,
    clock: { now: () => 0 },
    ask: async () => '',
    interrupted: new AbortController().signal,
    tellParent: () => undefined,
  };
  return { cwd, world, printed };
}

describe('belay init', () => {
  test('writes two small files for what it finds, and says what to do next', async () => {
    const { cwd, world, printed } = await service(
      { name: '@acme/Billing', type: 'module', dependencies: { fastify: '5' }, devDependencies: { typescript: '7' } },
      { 'pnpm-lock.yaml': '' },
    );
    expect(await runBelay(['init', '--yes', '--json'], world)).toBe(0);
    const answer = JSON.parse(printed.stdout);
    expect(answer).toMatchObject({
      service: 'billing',
      framework: 'fastify',
      packageManager: 'pnpm',
      written: ['belay.yaml', 'belay.ts'],
      kept: [],
    });
    expect(answer.next[0].command).toMatch(/^pnpm add .*packages\/sdk$/);
    const code = await readFile(path.join(cwd, 'belay.ts'), 'utf8');
    const yaml = await readFile(path.join(cwd, 'belay.yaml'), 'utf8');
    expect(code).toContain("belay.start({ service: 'billing' })");
    expect(yaml).toContain('flag: billing.first-change');
    expect(code.trimEnd().split('\n').length + yaml.trimEnd().split('\n').length).toBeLessThanOrEqual(8);
  });

  test.each([
    ['no tsconfig', { type: 'module' }, undefined, './belay.ts'],
    [
      'a tsconfig that takes .ts',
      { type: 'module' },
      '{"compilerOptions":{"allowImportingTsExtensions":true}}',
      './belay.ts',
    ],
    ['a tsconfig for modules', { type: 'module' }, '{"compilerOptions":{"module":"nodenext"}}', './belay.js'],
    ['a tsconfig for CommonJS', {}, '{}', './belay'],
  ])('names the file of the SDK as the compiler wants it: %s', async (_, manifest, tsconfig, wanted) => {
    const { world, printed } = await service(
      { name: 'jobs', devDependencies: { typescript: '7' }, ...manifest },
      tsconfig === undefined ? {} : { 'tsconfig.json': tsconfig },
    );
    expect(await runBelay(['init', '--yes', '--json'], world)).toBe(0);
    expect(printed.stdout).toContain(`import { flags } from '${wanted}';`);
  });

  test('shows the diff and writes nothing without a yes', async () => {
    const { cwd, world, printed } = await service({ name: 'jobs' });
    expect(await runBelay(['init'], world)).toBe(2);
    expect(printed.stdout).toContain("+const { belay } = require('@belay/node');");
    expect(printed.stderr).toContain('belay init --yes');
    await expect(readFile(path.join(cwd, 'belay.js'))).rejects.toThrow(/ENOENT/);
  });

  test('never overwrites what is there', async () => {
    const { cwd, world, printed } = await service({ name: 'jobs' }, { 'belay.yaml': 'mine' });
    expect(await runBelay(['init', '--yes', '--json'], world)).toBe(0);
    expect(JSON.parse(printed.stdout)).toMatchObject({ written: ['belay.js'], kept: ['belay.yaml'] });
    expect(await readFile(path.join(cwd, 'belay.yaml'), 'utf8')).toBe('mine');
  });

  test('says where it looked when there is no service', async () => {
    const { cwd, world, printed } = await service({});
    await rm(path.join(cwd, 'package.json'));
    expect(await runBelay(['init', '--yes'], world)).toBe(2);
    expect(printed.stderr).toContain(path.join(cwd, 'package.json'));
  });
});
