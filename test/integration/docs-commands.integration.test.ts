import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { helpOfAllCommands, runBelay } from '@belay/cli';
import { afterAll, expect, test } from 'vitest';

/**
 * Every command line that the documentation tells somebody to type is understood by the command line of this very
 * commit: it gets as far as a server that is not there. What the commands then do is proven elsewhere.
 */
const ROOT = path.resolve(import.meta.dirname, '../..');
const FOLDERS = ['.', 'docs', 'docs/tutorials', 'docs/how-to', 'docs/explanation', 'docs/reference'];
const PAGES = FOLDERS.flatMap((folder) =>
  readdirSync(path.join(ROOT, folder))
    .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
    .map((name) => path.join(folder, name)),
);
/** These would run until somebody stops them; only their words are checked. */
const RUN_FOR_LONG = new Set(['belay server', 'belay demo', 'belay logs tail', 'belay logs follow']);
const USAGE = 2;

const folder = mkdtempSync(path.join(tmpdir(), 'belay-docs-'));
writeFileSync(path.join(folder, 'package.json'), '{"name":"my-service","type":"module"}');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const HELP = new Map(helpOfAllCommands());

test('the documentation holds the commands that this test is about', () => {
  expect(PAGES.flatMap(typedLines).length).toBeGreaterThan(15);
  expect(PAGES.flatMap(namedLines).length).toBeGreaterThan(20);
});

test.each(PAGES.flatMap((page) => typedLines(page).map((line) => [page, line] as const)))(
  '%s: "%s" can be typed as it stands',
  async (_, line) => {
    const words = wordsOf(line);
    expect(unknownWords(words)).toEqual([]);
    if (RUN_FOR_LONG.has(routeOf(words))) return;
    const { code, stderr } = await typeIn(words.slice(1));
    expect(code, stderr).not.toBe(USAGE);
  },
);

test.each(PAGES.flatMap((page) => namedLines(page).map((line) => [page, line] as const)))(
  '%s: `%s` names a command and flags that exist',
  (_, line) => expect(unknownWords(wordsOf(line))).toEqual([]),
);

/** Command lines in blocks that are to be typed. */
function typedLines(page: string): readonly string[] {
  const blocks = [...textOf(page).matchAll(/^ *```sh\n([\s\S]*?)^ *```/gm)].map(([, block]) => block ?? '');
  return blocks.flatMap((block) => block.split('\n')).flatMap(commandsIn);
}

/** Command lines in running text; they may leave arguments out. */
function namedLines(page: string): readonly string[] {
  const prose = textOf(page).replaceAll(/^ *```[\s\S]*?^ *```/gm, '');
  return [...prose.matchAll(/`([^`]+)`/g)].flatMap(([, code]) => commandsIn((code ?? '').replaceAll('\n', ' ')));
}

/** `belay ...` and the demo of npm, also inside `$(...)`; nothing of other programs. */
function commandsIn(line: string): readonly string[] {
  const inner = [...line.matchAll(/\$\((belay [^)]*)\)/g)].map(([, command]) => command ?? '');
  const outer = line.trim().replace(/^npm run (-s )?demo( --)?(?= |$)/, 'belay demo');
  return /^belay [a-z]/.test(outer) ? [outer, ...inner] : inner;
}

function textOf(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8');
}

/** As a shell splits: quotes keep a word together, a placeholder is a word, a remark is none. */
function wordsOf(line: string): readonly string[] {
  const plain = line.replace(/ +#.*$/, '').replaceAll(/<[^>]+>/g, 'placeholder');
  return [...plain.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(
    ([, single, double, bare]) => single ?? double ?? bare ?? '',
  );
}

function routeOf(words: readonly string[]): string {
  const routes = [...HELP.keys()];
  for (let length = words.length; length > 0; length--) {
    const route = words.slice(0, length).join(' ');
    if (routes.includes(route)) return route;
  }
  return '';
}

/** The command when there is none of that name, and flags that its help does not list. A group of commands is known. */
function unknownWords(words: readonly string[]): readonly string[] {
  const route = routeOf(words);
  const isGroup = [...HELP.keys()].some((known) => known.startsWith(`${words.join(' ')} `));
  if (route === '') return isGroup ? [] : [words.join(' ')];
  const help = HELP.get(route) ?? '';
  return words.filter((word) => word.startsWith('--') && !help.includes(word.split('=')[0] ?? word));
}

async function typeIn(inputs: readonly string[]): Promise<{ readonly code: number; readonly stderr: string }> {
  const printed = { stdout: '', stderr: '' };
  const code = await runBelay(inputs, {
    stdout: { write: (text) => void (printed.stdout += text) },
    stderr: { write: (text) => void (printed.stderr += text) },
    stdinIsTty: true,
    // Nothing listens on the discard port, so whatever is understood ends with "the server cannot be reached".
    environment: { BELAY_URL: 'http://127.0.0.1:9', BELAY_KEY: 'blt_docs', XDG_CONFIG_HOME: folder },
    cwd: folder,
    home: folder,
    clock: { now: () => Date.now() },
    ask: async () => 'y',
    interrupted: new AbortController().signal,
    tellParent: () => undefined,
  });
  return { code, stderr: printed.stderr };
}
