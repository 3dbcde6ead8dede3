import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { BelayError } from '@belay/core';
import { writeFileAtomically } from '../../platform/files/write-file-atomically.ts';
import { transaction } from '../../platform/sqlite/database.ts';
import type { Database } from '../../platform/sqlite/database.ts';
import { appendLedger } from '../ledger/api.ts';
import { mintToken } from './access-service.ts';
import { createAccessStore } from './access-store.ts';
import type { AccessStore, StoredToken } from './access-store.ts';
import { createSecret, hashOf } from './secret.ts';

export interface FirstStartOptions {
  readonly db: Database;
  readonly clock: { now(): number };
  readonly dataDir: string;
  /** For automation, from the environment; never logged. */
  readonly secrets: { readonly setupToken?: string | undefined; readonly adminToken?: string | undefined };
}

const PRESET_LENGTH = 32;
const ADMIN_ID = 'tok_environment';
const MACHINE = { kind: 'machine', name: 'Belay', via: 'policy' } as const;

/** Prepares credentials at each start. The set-up token to print, or `undefined` once somebody has set Belay up. */
export async function prepareAccess(options: FirstStartOptions): Promise<{ setupToken: string | undefined }> {
  const store = createAccessStore(options.db);
  await keepEnvironmentToken(store, options);
  await keepCliToken(store, options);
  if ((await store.fact('set-up-at')) !== undefined) return { setupToken: undefined };
  const setupToken = preset('BELAY_SETUP_TOKEN', options.secrets.setupToken) ?? createSecret('setup');
  // Only the newest is valid: an old log line or scrollback opens nothing.
  await store.putFact('set-up-hash', hashOf(setupToken));
  return { setupToken };
}

/** Random name of this installation, made once. */
export async function installationId(db: Database): Promise<string> {
  const store = createAccessStore(db);
  const known = await store.fact('installation');
  if (known !== undefined) return known;
  const made = hashOf(createSecret('setup')).slice(0, 12);
  await store.putFact('installation', made);
  return made;
}

async function keepEnvironmentToken(store: AccessStore, { clock, secrets }: FirstStartOptions): Promise<void> {
  const secret = preset('BELAY_ADMIN_TOKEN', secrets.adminToken);
  if (secret === undefined) return store.deleteToken(ADMIN_ID);
  await store.putToken({
    id: ADMIN_ID,
    name: 'environment (BELAY_ADMIN_TOKEN)',
    hash: hashOf(secret),
    hint: 'from env',
    scopes: ['admin'],
    createdAt: clock.now(),
    expiresAt: null,
    lastUsedAt: null,
  });
}

/** Writes `<data>/cli-token`, readable by the owner alone, so that `belay` works at once in the server's folder. */
async function keepCliToken(store: AccessStore, { db, clock, dataDir }: FirstStartOptions): Promise<void> {
  const file = path.join(dataDir, 'cli-token');
  const id = await store.fact('cli-token');
  const known = (await store.tokens()).find((token) => token.id === id);
  const present = await readText(file);
  if (known !== undefined && present !== undefined && hashOf(present.trim()) === known.hash) return;
  const { token, secret } = mintToken(
    { name: 'command line on this machine', scopes: ['operate', 'admin'] },
    clock.now(),
  );
  await writeFileAtomically(file, `${secret}\n`, 0o600);
  await transaction(db, async (trx) => {
    const writing = createAccessStore(trx);
    if (known !== undefined) await writing.deleteToken(known.id);
    await writing.putToken(token);
    await writing.putFact('cli-token', token.id);
    await appendLedger(trx, cliTokenEntry(token));
  });
}

function cliTokenEntry(token: StoredToken) {
  return {
    at: token.createdAt,
    actor: MACHINE,
    kind: 'token.created',
    sentence: 'Belay made a token for the command line on this machine.',
    tone: 'none',
    details: { tokenId: token.id, scopes: token.scopes },
  } as const;
}

function preset(variable: string, value: string | undefined): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (value.length >= PRESET_LENGTH && /^\S+$/.test(value)) return value;
  throw new BelayError('config.invalid', `${variable} is too weak.`, {
    issues: [
      {
        path: variable,
        message: `has ${value.length} characters`,
        seen: '(hidden)',
        mend: `use at least ${PRESET_LENGTH} random characters without spaces, e.g. from "openssl rand -hex 32"`,
      },
    ],
  });
}

async function readText(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
