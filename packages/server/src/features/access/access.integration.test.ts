import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { closeDatabase, openDatabase } from '../../platform/sqlite/database.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import { readLedger } from '../ledger/api.ts';
import { createAccessService } from './access-service.ts';
import { createAccessStore } from './access-store.ts';
import { createCredentials } from './credentials.ts';
import { prepareAccess } from './first-start.ts';
import { hashOf } from './secret.ts';

const dataDir = mkdtempSync(path.join(tmpdir(), 'belay-access-'));
const ada = { kind: 'person', name: 'Ada', via: 'cli' } as const;
const opened: Database[] = [];
afterEach(async () => {
  for (const db of opened.splice(0)) await closeDatabase(db);
  rmSync(dataDir, { recursive: true, force: true });
});

test('each start has a new set-up token until one was used', async () => {
  const { db, service, clock } = await open();
  const first = await prepare(db, clock);
  const second = await prepare(db, clock);
  await expect(service.setUp(first.setupToken ?? '', 'Ada')).rejects.toMatchObject({ code: 'access.unauthenticated' });
  await service.setUp(second.setupToken ?? '', 'Ada');
  expect(await prepare(db, clock)).toEqual({ setupToken: undefined });
});

test('of two that use the set-up token at once, one succeeds', async () => {
  const { db, service, clock } = await open();
  const { setupToken = '' } = await prepare(db, clock);
  const results = await Promise.allSettled([service.setUp(setupToken, 'Ada'), service.setUp(setupToken, 'Eve')]);
  expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
});

test('tokens from the environment are taken when strong, refused when weak, and gone when unset', async () => {
  const { db, clock } = await open();
  const adminToken = 'a'.repeat(40);
  await prepare(db, clock, { adminToken, setupToken: 's'.repeat(32) });
  const hashes = async () => (await createAccessStore(db).tokens()).map(({ hash }) => hash);
  expect(await hashes()).toContain(hashOf(adminToken));
  await prepare(db, clock);
  expect(await hashes()).not.toContain(hashOf(adminToken));
  await expect(prepare(db, clock, { adminToken: 'short' })).rejects.toMatchObject({ code: 'config.invalid' });
});

test("the command line's token stays over restarts, and a lost file is replaced and the old token dies", async () => {
  const { db, clock } = await open();
  const file = path.join(dataDir, 'cli-token');
  const read = async () => {
    await prepare(db, clock);
    return readFileSync(file, 'utf8').trim();
  };
  const first = await read();
  expect(await read()).toBe(first);
  writeFileSync(file, 'something else\n');
  const second = await read();
  expect(second).not.toBe(first);
  expect((await createAccessStore(db).tokens()).map(({ hash }) => hash)).toEqual([hashOf(second)]);
});

test('an expired token opens nothing and ends what it had opened', async () => {
  const { service, credentials, clock } = await open();
  const { secret } = await service.create({ name: 'brief', scopes: ['read'], expiresInDays: 1 }, ada);
  const known = credentials.findToken(hashOf(secret), clock.now());
  expect(known?.ends.signal.aborted).toBe(false);
  clock.at += 24 * 3_600_000;
  expect(credentials.findToken(hashOf(secret), clock.now())).toBeUndefined();
  await service.tidy();
  expect(known?.ends.signal.aborted).toBe(true);
});

test('revoking a token ends its sessions, and both are in the ledger', async () => {
  const { db, service, credentials, clock } = await open();
  const created = await service.create({ name: 'desk', scopes: ['operate'] }, ada);
  const token = credentials.tokenById(created.id);
  const session = token === undefined ? '' : await service.startSession(token);
  const found = credentials.findSession(hashOf(session), clock.now());
  expect(found?.token.id).toBe(created.id);
  await service.revoke(created.id, ada);
  expect(credentials.findSession(hashOf(session), clock.now())).toBeUndefined();
  expect(found?.ends.signal.aborted).toBe(true);
  expect(await createAccessStore(db).sessions()).toEqual([]);
  const { items } = await readLedger(db, { limit: 2 });
  expect(items.map(({ kind }) => kind)).toEqual(['token.revoked', 'token.created']);
  expect(JSON.stringify(items)).not.toContain(created.secret);
});

test('last uses are written down now and then, not at every request', async () => {
  const { db, service, credentials, clock } = await open();
  const { id } = await service.create({ name: 'busy', scopes: ['ingest'] }, ada);
  credentials.use(id, clock.now() + 7);
  const stored = async () => (await createAccessStore(db).tokens()).find((token) => token.id === id)?.lastUsedAt;
  expect(await stored()).toBeNull();
  await service.tidy();
  expect(await stored()).toBe(clock.now() + 7);
});

async function open() {
  const db = await openDatabase({ path: ':memory:' });
  opened.push(db);
  const clock = { at: 1_800_000_000_000, now: () => clock.at };
  const credentials = createCredentials([], []);
  const service = createAccessService({ db, clock, credentials, bus: { publish: () => undefined } });
  return { db, clock, credentials, service };
}

async function prepare(
  db: Database,
  clock: { now(): number },
  secrets: { setupToken?: string; adminToken?: string } = {},
): Promise<{ setupToken: string | undefined }> {
  mkdirSync(dataDir, { recursive: true });
  return prepareAccess({ db, clock, dataDir, secrets });
}
