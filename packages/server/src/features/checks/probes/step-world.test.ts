import { expect, test } from 'vitest';
import { guardedLookup } from './step-world.ts';

const lookUp = (name: string): Promise<string | undefined> =>
  new Promise((resolve) => guardedLookup(name, { all: true }, (error) => resolve(error?.code)));

test.each(['169.254.169.254', '::ffff:169.254.169.254', '::ffff:a9fe:a9fe', 'fe80::1'])(
  '%s is link-local',
  async (address) => {
    expect(await lookUp(address)).toBe('EACCES');
  },
);

test.each(['127.0.0.1', '::ffff:127.0.0.1', '::1'])('%s is not', async (address) => {
  expect(await lookUp(address)).toBeUndefined();
});
