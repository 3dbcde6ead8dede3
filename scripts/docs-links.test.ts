import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const ROOT = path.resolve(import.meta.dirname, '..');
const PAGES = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(path.join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join('docs', name)),
];

test.each(PAGES)('every link of %s leads somewhere', (page) => {
  const broken = linksOf(textOf(page)).filter((link) => !leadsSomewhere(page, link));
  expect(broken).toEqual([]);
});

test('every page under docs is reached from the index', () => {
  const reached = new Set<string>();
  const open = ['docs/README.md'];
  for (let page = open.pop(); page !== undefined; page = open.pop()) {
    if (reached.has(page) || !page.endsWith('.md')) continue;
    reached.add(page);
    open.push(...linksOf(textOf(page)).map((link) => targetOf(page, link).file));
  }
  const isDecision = (page: string): boolean => page.startsWith(path.join('docs', 'adr'));
  expect(PAGES.filter((page) => page.startsWith('docs') && !isDecision(page) && !reached.has(page))).toEqual([]);
});

function textOf(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8');
}

/** Targets of links and pictures within the repository; code is no link. */
function linksOf(text: string): readonly string[] {
  const prose = text.replaceAll(/^```[\s\S]*?^```/gm, '').replaceAll(/`[^`\n]*`/g, '');
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target ?? '')
    .filter((target) => !/^[a-z]+:/.test(target));
}

function targetOf(page: string, link: string): { readonly file: string; readonly anchor: string } {
  const [file = '', anchor = ''] = link.split('#');
  return { file: file === '' ? page : path.join(path.dirname(page), file), anchor };
}

function leadsSomewhere(page: string, link: string): boolean {
  const { file, anchor } = targetOf(page, link);
  const place = path.join(ROOT, file);
  if (path.relative(ROOT, place).startsWith('..') || !existsSync(place)) return false;
  return anchor === '' || statSync(place).isDirectory() || anchorsOf(textOf(file)).has(anchor);
}

/** Anchors as GitHub makes them from headings. */
function anchorsOf(text: string): ReadonlySet<string> {
  const headings = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => heading ?? '');
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
        .trim()
        .replaceAll(' ', '-'),
    ),
  );
}
