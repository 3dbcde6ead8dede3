import { createHash } from 'node:crypto';
import { SafeDatabaseError } from './errors.ts';

/** What is kept of a result under an idempotency key. */
export interface StoredResult {
  readonly hash: string;
  /** JSON; null where there was no result or it is too large to be kept. */
  readonly text: string | null;
}

/** Largest result that is kept, in characters of JSON. */
const MOST_CHARACTERS = 65_536;
const NOTHING = createHash('sha256').update('').digest('hex');

/** SQL of the table of idempotency keys, the same in SQLite and PostgreSQL. */
export const OPERATIONS_TABLE: string = `CREATE TABLE IF NOT EXISTS belay_operations (
  op_key TEXT PRIMARY KEY, name TEXT NOT NULL, result_hash TEXT NOT NULL, result TEXT, at BIGINT NOT NULL)`;

/** Ms for which a key protects against a second run. */
export const KEEP_KEYS_MS: number = 30 * 86_400_000;

/**
 * A result in the form that is stored beside its key.
 * @throws SafeDatabaseError where it cannot be written as JSON: it could not be given back later.
 */
export function storedResultOf(result: unknown): StoredResult {
  let text: string | undefined;
  try {
    text = JSON.stringify(result);
  } catch (cause) {
    throw new SafeDatabaseError('write.misused', 'The result of a write with an idempotency key is not JSON.', {
      hint: 'Return what JSON can hold; turn a bigint into text.',
      cause,
    });
  }
  if (text === undefined) return { hash: NOTHING, text: null };
  return { hash: createHash('sha256').update(text).digest('hex'), text: text.length > MOST_CHARACTERS ? null : text };
}

/**
 * The result that an earlier run stored.
 * @throws SafeDatabaseError where it was too large to be kept, or is not what its hash says.
 */
export function resultOf(key: string, { hash, text }: StoredResult): unknown {
  if (text === null && hash === NOTHING) return undefined;
  if (text === null) {
    throw new SafeDatabaseError('write.result-not-kept', `The write with the key "${key}" is committed already.`, {
      hint: `Its result was longer than ${MOST_CHARACTERS} characters, so it was not kept; read what it wrote.`,
    });
  }
  if (createHash('sha256').update(text).digest('hex') === hash) return JSON.parse(text);
  throw new SafeDatabaseError('write.not-verified', `The stored result of the key "${key}" is damaged.`, {
    hint: 'Its hash does not fit. Check the database, and restore it if need be.',
  });
}

/** Before the keys that Belay gives itself, so that they cannot meet those of the application. */
export const OWN_KEY = 'belay:';

/** @throws SafeDatabaseError for keys that cannot be stored. */
export function requireKey(key: string): string {
  if (key.startsWith(OWN_KEY)) {
    throw new SafeDatabaseError('write.misused', `The idempotency key "${key}" begins with "${OWN_KEY}".`, {
      hint: 'Such keys are those of Belay itself, and are forgotten after an hour; put another word before it.',
    });
  }
  if (key.length >= 1 && key.length <= 200) return key;
  throw new SafeDatabaseError('write.misused', 'An idempotency key has 1 to 200 characters.', {
    hint: `This one has ${key.length}; use an id of the request, or a hash of it.`,
  });
}
