import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type FakeS3, startFakeS3 } from '@belay/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkDestination } from './destination-status.ts';
import { fetchObject } from './fetch-object.ts';
import { proveCopy } from './prove-copy.ts';
import { createS3Destination } from './s3/s3-destination.ts';
import type { S3Settings } from './s3/s3-settings.ts';

const SECRET = 'not-to-be-seen-anywhere';
const users = [
  { accessKeyId: 'ALL', secretAccessKey: SECRET, allows: ['read', 'write', 'remove', 'list'] },
  { accessKeyId: 'WRITER', secretAccessKey: SECRET, allows: ['write'] },
] as const;
const small = randomBytes(70_000);
const large = randomBytes(3_300_000);
const object = 'shop/0001.db.zst';
const full = { depth: 'full' } as const;
let folder: string;
let server: FakeS3;

beforeEach(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'belay-s3-'));
  server = await startFakeS3({ bucket: 'backups', region: 'eu-1', users, pageSize: 2, minPartBytes: 2 ** 20 });
});
afterEach(async () => {
  await server.close();
  await rm(folder, { recursive: true, force: true });
});

const destination = (changed: Partial<S3Settings> = {}) =>
  createS3Destination(
    {
      name: 'bucket',
      endpoint: server.endpoint,
      region: 'eu-1',
      bucket: 'backups',
      prefix: 'belay/',
      accessKeyId: 'ALL',
      secretAccessKey: SECRET,
      addressing: 'path',
      timeoutMs: 10_000,
      maxDelayMs: 5,
      partBytes: 2 ** 20,
      ...changed,
    },
    { now: () => Date.now() },
  );
const expectedOf = (content: Buffer) => ({
  bytes: content.length,
  sha256: createHash('sha256').update(content).digest('hex'),
});
const store = async (content: Buffer, to = destination(), name = object) => {
  const file = path.join(folder, 'artefact');
  await writeFile(file, content);
  return to.put(file, name, expectedOf(content));
};

describe.each([
  ['in one request', small],
  ['in parts', large],
])('a file stored %s', (_, content) => {
  test('is found, proven, fetched and removed', async () => {
    const to = destination();
    await store(content, to);
    expect(await to.stat(object)).toMatchObject({ bytes: content.length, sha256: expectedOf(content).sha256 });
    expect(await proveCopy(to, object, expectedOf(content), full)).toEqual({
      outcome: 'verified',
      method: 'read-back',
    });
    const file = path.join(folder, 'again');
    await fetchObject(to, object, file, { expected: expectedOf(content) });
    expect(await readFile(file)).toEqual(content);
    await to.remove(object);
    expect(await to.stat(object)).toBeNull();
    expect(server.openUploads()).toBe(0);
  });

  test.each([
    ['lose', 'missing'],
    ['truncate', 'corrupt'],
    ['flip', 'corrupt'],
    ['truncate-secretly', 'corrupt'],
  ] as const)('is not proven where the server lies (%s)', async (fault, outcome) => {
    server.break(fault);
    await store(content);
    server.break(null);
    expect(await proveCopy(destination(), object, expectedOf(content), { depth: 'upload' })).toMatchObject({ outcome });
    const file = path.join(folder, 'again');
    await expect(fetchObject(destination(), object, file, { expected: expectedOf(content) })).rejects.toMatchObject({
      code: expect.stringMatching(/^backup\.(corrupt|object-missing)$/),
    });
    expect(await readdir(folder)).toEqual(['artefact']);
  });

  test('survives an answer that is lost: it is stored once and known to be ours', async () => {
    server.break('lose-answer');
    expect(await store(content)).toMatchObject({ bytes: content.length });
    expect(server.objects.size).toBe(1);
    expect(await proveCopy(destination(), object, expectedOf(content), full)).toMatchObject({ outcome: 'verified' });
  });

  test('is never overwritten by another, but may be sent again', async () => {
    await store(content);
    await store(content);
    await expect(store(Buffer.from('other'))).rejects.toMatchObject({ code: 'backup.object-exists' });
    expect(server.objects.get(`belay/${object}`)?.body).toEqual(content);
  });

  test('is stored on servers that know no conditions', async () => {
    server.break('no-conditions');
    await store(content);
    expect(server.objects.size).toBe(1);
  });

  test('gets there when the server is busy for a while', async () => {
    server.break('busy', 3);
    await store(content);
    expect(server.objects.size).toBe(1);
  });
});

test.each([
  [null, 'verified'],
  ['truncate-secretly', 'corrupt'],
  ['truncate', 'corrupt'],
  ['lose', 'missing'],
] as const)('what is too large to be read back is compared in samples (%s)', async (fault, outcome) => {
  server.break(fault);
  await store(large);
  server.break(null);
  const localFile = path.join(folder, 'artefact');
  const options = { depth: 'upload', readBackBytes: 1000 } as const;
  const proof = await proveCopy(destination(), object, { ...expectedOf(large), localFile }, options);
  expect(proof).toMatchObject({ outcome, ...(fault === null ? { method: 'samples' } : {}) });
});

test('a server that answers 200 and then fails to put the parts together is not believed', async () => {
  server.break('fail-completing');
  await expect(store(large)).rejects.toMatchObject({ code: 'backup.destination-unreachable' });
  expect(server.openUploads()).toBe(0);
});

test('credentials that may only write store, and are never shown as proven', async () => {
  const to = destination({ accessKeyId: 'WRITER' });
  await store(small, to);
  await store(large, to, 'shop/0002.db.zst');
  expect(server.objects.size).toBe(2);
  expect(await proveCopy(to, object, expectedOf(small), full)).toMatchObject({ outcome: 'unverified' });
  expect(await checkDestination(to, { now: 1 })).toMatchObject({ state: 'write-only', canRemove: false });
  expect(await checkDestination(destination(), { now: 1 })).toMatchObject({ state: 'ok', canRemove: true });
});

test('what is locked cannot be removed, not even by us', async () => {
  const to = destination({ lock: { mode: 'COMPLIANCE', days: 7 } });
  await store(small, to);
  await expect(to.remove(object)).rejects.toMatchObject({ code: 'backup.destination-refused' });
  expect(server.objects.size).toBe(1);
});

test('a list goes over pages and leaves out what is not below the prefix', async () => {
  const to = destination();
  for (const name of ['a/1', 'a/2', 'a/3', 'b/1', 'a/4']) await store(small, to, name);
  await store(small, destination({ prefix: 'other/' }), 'a/5');
  expect((await to.list('a/')).map(({ name }) => name)).toEqual(['a/1', 'a/2', 'a/3', 'a/4']);
});

test('a server that never answers is given up at the deadline, and at once when the caller stops', async () => {
  server.break('hang');
  await expect(store(small, destination({ timeoutMs: 30, attempts: 2 }))).rejects.toMatchObject({
    code: 'backup.destination-unreachable',
    message: expect.stringContaining('in time'),
  });
  const stop = new AbortController();
  const stat = destination().stat(object, { signal: stop.signal });
  stop.abort();
  await expect(stat).rejects.toThrow('abort');
});

test('a body that breaks off is an error, not the end', async () => {
  await store(small);
  server.break('cut');
  expect(await proveCopy(destination(), object, expectedOf(small), full)).toMatchObject({ outcome: 'unverified' });
});

test.each([
  ['a wrong secret', { secretAccessKey: 'wrong' }, 'key id or the secret'],
  ['an unknown key', { accessKeyId: 'NOBODY' }, 'key id or the secret'],
  ['a wrong region', { region: 'eu-2' }, 'in region eu-1, not eu-2'],
  ['a wrong bucket', { bucket: 'elsewhere' }, 'Make the bucket'],
] as const)('%s is told with its mend', async (_, changed, hint) => {
  await expect(store(small, destination(changed))).rejects.toMatchObject({
    code: 'backup.destination-refused',
    hint: expect.stringContaining(hint),
  });
});

test('the secret is in no error and no address', async () => {
  const to = destination({ region: 'eu-2' });
  const error: unknown = await store(small, to).catch((cause: unknown) => cause);
  expect(JSON.stringify([error, String(error), to.uri])).not.toContain(SECRET);
});
