import { createHash, randomBytes } from 'node:crypto';
import { BelayError } from '@belay/core';
import type { ActorView, LiveEvent, SentryKeyCreated, SentryKeyView } from '@belay/protocol';
import { transaction } from '../../../platform/sqlite/database.ts';
import type { Database } from '../../../platform/sqlite/database.ts';
import { appendLedger, ledgerEvent } from '../../ledger/api.ts';

export interface SentryKeysOptions {
  readonly db: Database;
  readonly clock: { now(): number };
  readonly bus: { publish(event: LiveEvent): void };
}

/** Who a key speaks for. */
export interface SentryProject {
  readonly project: number;
  readonly service: string;
}

/** Keys of Sentry SDKs. A key may do nothing but send: it stands in the pages of browsers. */
export interface SentryKeys {
  /** The project of a key; undefined when the key is unknown or revoked, or is one of another project. */
  find(secret: string, project: number): SentryProject | undefined;
  /** Whether a project exists, for tokens that may send to any. */
  projectOf(project: number): SentryProject | undefined;
  create(service: string, by: { readonly actor: ActorView; readonly baseUrl: string }): Promise<SentryKeyCreated>;
  list(query: { readonly limit: number; readonly cursor?: string | undefined }): {
    items: SentryKeyView[];
    next: string | null;
  };
  revoke(id: string, actor: ActorView): Promise<void>;
  /** Writes down last uses. */
  tidy(): Promise<void>;
}

interface KnownKey extends SentryKeyView {
  readonly hash: string;
}

/** 128 random bits in the alphabet that every SDK's DSN parser takes. */
const KEY_BYTES = 16;

export async function createSentryKeys(options: SentryKeysOptions): Promise<SentryKeys> {
  const { db, clock } = options;
  const byHash = new Map<string, KnownKey>();
  const projects = new Map<number, string>();
  for (const row of await db.selectFrom('sentry_projects').selectAll().execute()) projects.set(row.id, row.service);
  for (const row of await db.selectFrom('sentry_keys').selectAll().execute()) {
    const { id, hash, hint, project_id: project, created_at: createdAt, last_used_at: lastUsedAt } = row;
    byHash.set(hash, { id, hash, hint, project, service: projects.get(project) ?? '', createdAt, lastUsedAt });
  }
  const uses = new Map<string, number>();
  return {
    find(secret, project) {
      const found = byHash.get(hashOf(secret));
      if (found === undefined || found.project !== project) return undefined;
      uses.set(found.hash, clock.now());
      return { project, service: found.service };
    },
    projectOf(project) {
      const service = projects.get(project);
      return service === undefined ? undefined : { project, service };
    },
    async create(service, { actor, baseUrl }) {
      const secret = randomBytes(KEY_BYTES).toString('hex');
      const key = await insertKey(options, { service, secret, actor });
      byHash.set(key.hash, key);
      projects.set(key.project, service);
      const url = new URL(baseUrl);
      const prefix = url.pathname.replace(/\/+$/u, '');
      return { ...viewOf(key), dsn: `${url.protocol}//${secret}@${url.host}${prefix}/${key.project}` };
    },
    list: (query) => pageOf([...byHash.values()], query),
    async revoke(id, actor) {
      const found = [...byHash.values()].find((key) => key.id === id);
      if (found === undefined) throw notFound(id);
      await deleteKey(options, found, actor);
      byHash.delete(found.hash);
    },
    async tidy() {
      for (const [hash, at] of uses) {
        await db.updateTable('sentry_keys').set({ last_used_at: at }).where('hash', '=', hash).execute();
        const known = byHash.get(hash);
        if (known !== undefined) byHash.set(hash, { ...known, lastUsedAt: at });
      }
      uses.clear();
    },
  };
}

/** A plain hash is enough for 128 random bits. Lookups by hash take the same time whatever was sent. */
function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

async function insertKey(
  { db, clock, bus }: SentryKeysOptions,
  { service, secret, actor }: { service: string; secret: string; actor: ActorView },
): Promise<KnownKey> {
  const now = clock.now();
  const id = `sk_${now.toString(36).padStart(9, '0')}${randomBytes(6).toString('hex')}`;
  const row = { id, hash: hashOf(secret), hint: secret.slice(0, 4), created_at: now, last_used_at: null };
  const { project, entry } = await transaction(db, async (trx) => {
    const known = await trx
      .selectFrom('sentry_projects')
      .select('id')
      .where('service', '=', service)
      .executeTakeFirst();
    const made =
      known ??
      (await trx
        .insertInto('sentry_projects')
        .values({ service, created_at: now })
        .returning('id')
        .executeTakeFirstOrThrow());
    await trx
      .insertInto('sentry_keys')
      .values({ ...row, project_id: made.id })
      .execute();
    const sentence = `${actor.name} created a DSN for ${service}.`;
    const details = { keyId: id, project: made.id };
    return {
      project: made.id,
      entry: await appendLedger(trx, { at: now, actor, kind: 'sentry-key.created', sentence, tone: 'none', details }),
    };
  });
  bus.publish(ledgerEvent(entry));
  return { id, hash: row.hash, hint: row.hint, project, service, createdAt: now, lastUsedAt: null };
}

async function deleteKey({ db, clock, bus }: SentryKeysOptions, key: KnownKey, actor: ActorView): Promise<void> {
  const entry = await transaction(db, async (trx) => {
    await trx.deleteFrom('sentry_keys').where('id', '=', key.id).execute();
    const sentence = `${actor.name} revoked a DSN of ${key.service}.`;
    const details = { keyId: key.id, project: key.project };
    return appendLedger(trx, { at: clock.now(), actor, kind: 'sentry-key.revoked', sentence, tone: 'none', details });
  });
  bus.publish(ledgerEvent(entry));
}

function pageOf(
  keys: readonly KnownKey[],
  query: { limit: number; cursor?: string | undefined },
): { items: SentryKeyView[]; next: string | null } {
  const { limit, cursor } = query;
  if (cursor !== undefined && !/^sk_\w{1,64}$/u.test(cursor)) throw wrongCursor();
  const sorted = keys
    .toSorted((a, b) => (a.id < b.id ? 1 : -1))
    .filter(({ id }) => cursor === undefined || id < cursor);
  const items = sorted.slice(0, limit).map(viewOf);
  return { items, next: sorted.length > limit ? (items.at(-1)?.id ?? null) : null };
}

function wrongCursor(): BelayError {
  return new BelayError('request.invalid', 'The cursor is not one that this list gave out.', {
    issues: [{ path: 'cursor', message: 'is not an id of a key', seen: '(hidden)', mend: 'use "next" of a page' }],
  });
}

function viewOf({ hash: _hash, ...view }: KnownKey): SentryKeyView {
  return view;
}

function notFound(id: string): BelayError {
  return new BelayError('sentry-key.not-found', `There is no key "${id.slice(0, 80)}" of a Sentry SDK.`, {
    hint: 'List them with "belay sentry keys".',
  });
}
