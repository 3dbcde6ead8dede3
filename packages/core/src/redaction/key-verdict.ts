import type { RedactionRule } from './redaction-rules.ts';

/** Words that mark a key, by rule. A key is split into words at separators and at capitals. */
const WORDS: ReadonlyMap<string, RedactionRule> = new Map<string, RedactionRule>([
  ['authorization', 'authorization'],
  ['cookie', 'cookie'],
  ['cookies', 'cookie'],
  ['password', 'password'],
  ['passwords', 'password'],
  ['passwd', 'password'],
  ['passphrase', 'password'],
  ['pwd', 'password'],
  ['pgpassword', 'password'],
  ['secret', 'secret'],
  ['secrets', 'secret'],
  ['credential', 'secret'],
  ['credentials', 'secret'],
  ['privatekey', 'secret'],
  ['token', 'token'],
  ['authtoken', 'token'],
  ['accesstoken', 'token'],
  ['refreshtoken', 'token'],
  ['jwt', 'token'],
  ['apikey', 'api-key'],
]);

/** Two neighbouring words that mark a key together. */
const PAIRS: ReadonlyMap<string, RedactionRule> = new Map<string, RedactionRule>([
  ['private key', 'secret'],
  ['secret key', 'secret'],
  ['signing key', 'secret'],
  ['encryption key', 'secret'],
  ['api key', 'api-key'],
  ['access key', 'api-key'],
  ['auth key', 'api-key'],
  ['security code', 'card-number'],
  ['card number', 'card-number'],
]);

/** Last words that say that a key tells something about a secret and not the secret itself. */
const ABOUT: ReadonlySet<string> = new Set([
  'age',
  'algorithm',
  'arn',
  'count',
  'enabled',
  'expires',
  'expiry',
  'hash',
  'id',
  'issuer',
  'kind',
  'length',
  'limit',
  'name',
  'policy',
  'present',
  'scope',
  'scopes',
  'size',
  'status',
  'ttl',
  'type',
  'url',
  'usage',
  'valid',
  'version',
]);

const LONGEST_KEY = 256;

/** The rule by which every value of a key is taken out; undefined where the key says nothing. */
export function verdictOfKey(key: string): RedactionRule | undefined {
  const words = wordsOf(key);
  const last = words.at(-1) ?? '';
  if (words.length > 1 && ABOUT.has(last)) return undefined;
  for (const [index, word] of words.entries()) {
    const rule = WORDS.get(word) ?? PAIRS.get(`${word} ${words[index + 1] ?? ''}`);
    if (rule !== undefined) return rule;
  }
  return undefined;
}

function wordsOf(key: string): string[] {
  return key
    .slice(0, LONGEST_KEY)
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== '');
}
