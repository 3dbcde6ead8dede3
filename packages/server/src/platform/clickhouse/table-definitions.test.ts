import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { keepDefinitions, mendDefinitions } from './table-definitions.ts';

const WHOLE = "ATTACH TABLE _ UUID 'a'\n(\n    `n` UInt64\n)\nENGINE = MergeTree\nORDER BY n\n";
let folder: string;
let definitions: string;
const write = (name: string, text: string): void => writeFileSync(path.join(definitions, name), text);
const read = (name: string): string => readFileSync(path.join(definitions, name), 'utf8');

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'belay-definitions-'));
  definitions = path.join(folder, 'metadata', 'default');
  mkdirSync(definitions, { recursive: true });
  write('spans.sql', WHOLE);
  write('ageing_spans.sql', WHOLE);
  keepDefinitions(folder);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('what is whole stays as it is', () => {
  expect(mendDefinitions(folder)).toEqual([]);
  expect(read('spans.sql')).toBe(WHOLE);
});

test.each([
  ['empty', ''],
  ['cut short', WHOLE.slice(0, 40)],
  ['full of zeros', '\0'.repeat(80)],
])('a definition that is %s comes back from its copy, and never becomes the copy', (_, text) => {
  write('spans.sql', text);
  keepDefinitions(folder);
  expect(mendDefinitions(folder)).toEqual([expect.stringContaining('spans was damaged or gone and is restored')]);
  expect(read('spans.sql')).toBe(WHOLE);
});

test('one that is gone comes back, but not one that only ageing had', () => {
  rmSync(path.join(definitions, 'spans.sql'));
  rmSync(path.join(definitions, 'ageing_spans.sql'));
  expect(mendDefinitions(folder)).toHaveLength(1);
  expect(readdirSync(definitions)).toEqual(['spans.sql']);
});

test('a damaged one without a copy is moved aside, and nothing is invented for a new store', () => {
  write('logs.sql', '');
  expect(mendDefinitions(folder)).toEqual([expect.stringContaining('logs is damaged and has no copy')]);
  expect(readdirSync(definitions).toSorted()).toEqual(['ageing_spans.sql', 'spans.sql']);
  expect(mendDefinitions(path.join(folder, 'elsewhere'))).toEqual([]);
});
