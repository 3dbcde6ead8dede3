import { expect, test } from 'vitest';
import { runChecks } from './run-checks.ts';
import { pass } from './types.ts';

test('a check that was given up does not begin again before it has ended', async () => {
  let end = (): void => undefined;
  let begun = 0;
  const check = {
    name: 'slow',
    title: 'Slow',
    run: () => {
      begun += 1;
      return new Promise<ReturnType<typeof pass>>((resolve) => {
        end = () => resolve(pass('fine'));
      });
    },
  };
  expect(await runChecks([check], 20)).toMatchObject([{ outcome: 'fail', cause: 'timeout' }]);
  expect(await runChecks([check], 20)).toMatchObject([{ outcome: 'fail', cause: 'timeout' }]);
  expect(begun).toBe(1);
  end();
  await Promise.resolve();
  await Promise.resolve();
  void runChecks([check], 20);
  expect(begun).toBe(2);
});
