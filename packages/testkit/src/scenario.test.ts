import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { runScenario } from './scenario.ts';

const folder = path.resolve(import.meta.dirname, '../../../test/scenario');
const files = readdirSync(folder).filter((name) => name.endsWith('.scenario'));

test('there are scenarios', () => {
  expect(files.length).toBeGreaterThanOrEqual(8);
});

test.each(files)('%s', (name) => {
  expect(runScenario(readFileSync(path.join(folder, name), 'utf8')).failures).toEqual([]);
});

test('a wrong expectation fails and a wrong line is told', () => {
  expect(runScenario('stage 10%\nstage 100%\nlength 5s\nexpect completed by 4s').failures).toHaveLength(1);
  expect(() => runScenario('stages 10%')).toThrow('stages 10%');
});
