import { describe, expect, test } from 'vitest';
import { application, runBelay } from './application.ts';
import type { World } from './run.ts';

function watchWorld(overrides: Partial<World> = {}) {
  const printed = { stdout: '', stderr: '' };
  const world: World = {
    stdout: { write: (text) => void (printed.stdout += text) },
    stderr: { write: (text) => void (printed.stderr += text) },
    stdinIsTty: false,
    environment: {},
    cwd: '/nowhere',
    home: '/nowhere',
    clock: { now: () => 0 },
    ask: async () => '',
    interrupted: new AbortController().signal,
    tellParent: () => undefined,
    ...overrides,
  };
  return { world, printed };
}

describe('the command line', () => {
  test('tells an unknown command in four lines, proposes the nearest, and exits 2', async () => {
    const { world, printed } = watchWorld();
    expect(await runBelay(['stats'], world)).toBe(2);
    expect(printed.stdout).toBe('');
    expect(printed.stderr.trimEnd().split('\n')).toHaveLength(4);
    expect(printed.stderr).toContain('status');
    expect(printed.stderr).toContain('fix: belay --help');
  });

  test.each([
    ['rollout strat', 'belay rollout --help'],
    ['rollout start', 'belay rollout start --help'],
    ['config validate --bogus', 'belay config validate --help'],
  ])('names the help that mends "belay %s"', async (line, help) => {
    const { world, printed } = watchWorld();
    expect(await runBelay(line.split(' '), world)).toBe(2);
    expect(printed.stderr).toContain(`fix: ${help}\n`);
  });

  test.each([
    ['an unknown flag', ['status', '--urll', 'x']],
    ['a missing argument', ['rollout', 'plan']],
    ['an impossible number', ['demo', '--rate', 'many']],
    ['an impossible duration', ['rollout', 'watch', '--timeout', 'soon']],
    ['an unknown fault', ['demo', '--fault', 'fire']],
  ])('exits 2 on %s and says what was seen', async (_, inputs) => {
    const { world, printed } = watchWorld();
    expect(await runBelay([...inputs, '--json'], world)).toBe(2);
    expect(JSON.parse(printed.stdout)).toMatchObject({ error: { code: 'request.invalid', exitCode: 2 } });
  });

  test('asks for a token before it talks to a server, and exits 3', async () => {
    const { world, printed } = watchWorld();
    expect(await runBelay(['status'], world)).toBe(3);
    expect(printed.stderr).toContain('belay login');
  });

  test('never asks without a terminal, and names the flag that answers', async () => {
    const { world, printed } = watchWorld({
      environment: { BELAY_KEY: 'blt_x' },
      ask: () => {
        throw new RangeError('there is no terminal');
      },
    });
    expect(await runBelay(['kill'], world)).toBe(2);
    expect(printed.stderr).toContain('--yes');
    expect(await runBelay(['rollout', 'promote', '1'], world)).toBe(2);
    expect(printed.stderr).toContain('--reason');
    expect(await runBelay(['login'], watchWorld().world)).toBe(2);
  });

  test('explains every code of the catalogue, and refuses others with 4', async () => {
    const { world, printed } = watchWorld();
    expect(await runBelay(['explain', '--json'], world)).toBe(0);
    const { codes } = JSON.parse(printed.stdout);
    expect(codes.length).toBeGreaterThan(30);
    for (const { code } of codes) expect(await runBelay(['explain', code], watchWorld().world)).toBe(0);
    expect(await runBelay(['explain', 'rollout.frozn'], watchWorld().world)).toBe(4);
  });

  test('proposes commands and flags to a shell', async () => {
    const { world, printed } = watchWorld();
    expect(await runBelay(['__complete', 'rollout', ''], world)).toBe(0);
    expect(printed.stdout.split('\n')).toEqual(expect.arrayContaining(['start', 'watch', 'rollback', 'aa']));
  });

  test('shows the help of every command', async () => {
    const entries = collect(application.root, []);
    expect(entries.length).toBeGreaterThan(25);
    for (const words of entries) {
      const { world, printed } = watchWorld();
      expect(await runBelay([...words, '--help'], world)).toBe(0);
      expect(printed.stdout).toContain(words.join(' '));
    }
  });
});

function collect(target: typeof application.root, words: readonly string[]): readonly (readonly string[])[] {
  if (!('getAllEntries' in target)) return [words];
  return target
    .getAllEntries()
    .flatMap((entry) => collect(entry.target, [...words, entry.name['convert-camel-to-kebab']]));
}
