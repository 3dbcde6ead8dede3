import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findCredentials, loginFile } from './connection.ts';
import { CliFailure } from './failure.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'belay-credentials-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const around = (environment: Readonly<Record<string, string>> = {}) => ({ cwd: folder, home: folder, environment });

async function write(file: string, text: string): Promise<void> {
  await mkdir(path.dirname(file), { recursive: true });
  await writeFile(file, text);
}

describe('credentials', () => {
  test('flags win over the environment, the environment over the local server, that over a login', async () => {
    await write(loginFile(around()), JSON.stringify({ url: 'http://login:1', token: 'from-login' }));
    expect(findCredentials({}, around())).toMatchObject({ url: 'http://login:1', token: 'from-login' });
    await write(path.join(folder, '.belay', 'cli-token'), 'from-server\n');
    expect(findCredentials({}, around())).toMatchObject({ url: 'http://127.0.0.1:4600', token: 'from-server' });
    await write(path.join(folder, '.belay', 'url'), 'http://127.0.0.1:5000\n');
    expect(findCredentials({}, around())).toMatchObject({ url: 'http://127.0.0.1:5000', token: 'from-server' });
    const environment = { BELAY_URL: 'http://env:2/', BELAY_KEY: 'from-env' };
    expect(findCredentials({}, around(environment))).toMatchObject({ url: 'http://env:2', token: 'from-env' });
    expect(findCredentials({ url: 'http://flag:3', token: 'from-flag' }, around(environment))).toEqual({
      url: 'http://flag:3',
      token: 'from-flag',
      origin: { url: '--url', token: '--token' },
    });
  });

  test('the token of a login goes only to the server it was given for', async () => {
    await write(loginFile(around()), JSON.stringify({ url: 'http://login:1', token: 'from-login' }));
    expect(() => findCredentials({ url: 'http://elsewhere:9' }, around())).toThrow(CliFailure);
  });

  test('the token of the local server never goes to another address', async () => {
    await write(path.join(folder, '.belay', 'cli-token'), 'from-server');
    await write(path.join(folder, '.belay', 'url'), 'http://127.0.0.1:5000');
    expect(() => findCredentials({ url: 'https://elsewhere.example' }, around())).toThrow(CliFailure);
    expect(findCredentials({ url: 'http://127.0.0.1:5000' }, around())).toMatchObject({ token: 'from-server' });
    expect(findCredentials({ url: 'http://localhost:5001' }, around())).toMatchObject({ token: 'from-server' });
  });

  test.each(['not an address', 'ftp://belay', 'localhost:4600'])(
    'the address "%s" is refused with the value seen',
    (url) => {
      expect(() => findCredentials({ url, token: 't' }, around())).toThrow(
        expect.objectContaining({ facts: expect.objectContaining({ exitCode: 2, why: expect.stringContaining(url) }) }),
      );
    },
  );

  test('a login that cannot be read is told, with its file', async () => {
    await write(loginFile(around()), '{"url": 3}');
    expect(() => findCredentials({}, around())).toThrow(
      expect.objectContaining({
        facts: expect.objectContaining({ why: expect.stringContaining(loginFile(around())) }),
      }),
    );
  });
});
