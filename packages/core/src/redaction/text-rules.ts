import { isCardNumber } from './card-number.ts';

import type { RedactionRule } from './redaction-rules.ts';
import type { Trigger } from './secret-scanner.ts';

/** What stands in the place of what a rule took out. */
export function placeholderOf(rule: string): string {
  return `[redacted:${rule}]`;
}

/** Notes that a rule took something out; returns what stands in its place. */
export type TakeOut = (rule: string) => string;

/** Finds secrets in a text by the shape of what stands there. Every pattern is linear in the text's length. */
export interface TextRule {
  readonly rule: RedactionRule;
  /** At least one of them is in every text that the rule changes. */
  readonly triggers: readonly Trigger[];
  readonly apply: (text: string, takeOut: TakeOut) => string;
}

const KEY_SHAPES =
  /\b(?:A[KS]IA[0-9A-Z]{16}|gh[pousr]_[A-Za-z0-9]{20,255}|github_pat_[A-Za-z0-9_]{20,255}|glpat-[A-Za-z0-9_-]{20,64}|AIza[A-Za-z0-9_-]{35}|npm_[A-Za-z0-9]{36}|sk-[A-Za-z0-9_-]{20,255}|[sr]k_(?:live|test)_[A-Za-z0-9]{16,255}|xox[abeoprs]-[A-Za-z0-9-]{10,255}|(?:blt|bls)_[A-Za-z0-9_-]{43})/g;

/** In the order in which they are applied: what has a shape of its own comes before what is known by its name. */
export const textRules: readonly TextRule[] = [
  { rule: 'private-key', triggers: [{ text: 'private key' }], apply: withoutPrivateKeys },
  {
    rule: 'jwt',
    triggers: [{ text: 'eyj' }],
    apply: (text, takeOut) =>
      text.replaceAll(/eyJ[A-Za-z0-9_-]{8,4096}\.[A-Za-z0-9_-]{4,16384}\.[A-Za-z0-9_-]{0,4096}/g, () => takeOut('jwt')),
  },
  {
    rule: 'api-key',
    triggers: ['akia', 'asia', 'ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_', 'github_pat_', 'glpat-', 'aiza', 'npm_', 'sk-']
      .concat(['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'xox', 'blt_', 'bls_'])
      .map((text) => ({ text })),
    apply: (text, takeOut) => text.replaceAll(KEY_SHAPES, () => takeOut('api-key')),
  },
  {
    rule: 'connection-password',
    triggers: [{ text: '://', needsAt: true }],
    apply: (text, takeOut) =>
      text.replaceAll(
        /:\/\/([^\s:@/'"]{0,128}):([^\s@/'"]{1,256})@/g,
        (_all, user: string) => `://${user}:${takeOut('connection-password')}@`,
      ),
  },
  {
    rule: 'authorization',
    triggers: [{ text: 'bearer ' }, { text: 'basic ' }],
    apply: (text, takeOut) =>
      text.replaceAll(/\b(bearer|basic)[ \t]{1,4}([A-Za-z0-9._~+/=-]{8,8192})/gi, (all, scheme: string, rest: string) =>
        isCredential(rest) ? `${scheme} ${takeOut('authorization')}` : all,
      ),
  },
  {
    rule: 'cookie',
    triggers: [{ text: 'cookie:' }, { text: 'cookie":' }],
    apply: (text, takeOut) =>
      text.replaceAll(
        /(\bcookie["']?[ \t]{0,3}:[ \t]{0,3}["']?)([^\r\n"']{1,8192})/gi,
        (_all, head: string) => head + takeOut('cookie'),
      ),
  },
  {
    rule: 'query-secret',
    triggers: ['sig=', 'signature=', 'auth=', 'key='].map((text) => ({ text })),
    apply: (text, takeOut) =>
      text.replaceAll(
        /([?&](?:sig|signature|x-amz-signature|x-goog-signature|auth|key)=)([^&\s#"'<>]{6,4096})/gi,
        (_all, head: string) => head + takeOut('query-secret'),
      ),
  },
  {
    rule: 'card-number',
    triggers: ['00000000000000', '0000 0000 0000 0', '0000 000000 0'].map((text) => ({ text })),
    apply: (text, takeOut) =>
      text.replaceAll(/(?<![\w.])\d(?:[ -]?\d){13,15}(?!\w|\.\d)/g, (all) =>
        isCardNumber(all.replaceAll(/[ -]/g, '')) ? takeOut('card-number') : all,
      ),
  },
];

/** Words of which at least one is in every name that `verdictOfKey` condemns. */
export const keyTriggers: readonly Trigger[] = ['passw', 'passphrase', 'pwd', 'secret', 'credential', 'token', 'jwt']
  .concat(['authorization', 'cookie', 'apikey', 'api key', 'api_key', 'api.key', 'private', 'signing', 'encryption'])
  .concat(['access key', 'access_key', 'accesskey', 'auth key', 'auth_key', 'authkey', 'card', 'security'])
  .map((text) => ({ text }));

/** `name=value`, `name: value` and `"name": "value"`, also where quotes are escaped. */
const NAMED =
  /([A-Za-z0-9_.-]{1,64})(\\?["']?[ \t]{0,3}[:=][ \t]{0,3}(?:(?:bearer|basic|digest|negotiate|token)[ \t]{1,3}(?=[^\s,;]))?)(\\?"[^"\\\n]{0,4096}|\\?'[^'\\\n]{0,4096}|[^\s&,;"'<>{}[\]()\\]{1,4096})/gi;

/** Takes out values that stand beside a name which says that they are secret. */
export function withoutNamedSecrets(
  text: string,
  ruleOf: (key: string) => string | undefined,
  takeOut: TakeOut,
): string {
  return text.replaceAll(NAMED, (all: string, name: string, joint: string, value: string) => {
    const rule = ruleOf(name);
    if (rule === undefined || value.startsWith('[redacted')) return all;
    const quote = /^\\?["']/.exec(value)?.[0] ?? '';
    if (isHarmless(value.slice(quote.length))) return all;
    return `${name}${joint}${quote}${takeOut(rule)}`;
  });
}

/** Words that say whether a secret is there or how it is told, and not what it is. */
function isHarmless(value: string): boolean {
  return /^(?:|true|false|null|undefined|none|nil|bearer|basic|digest|negotiate|\*+|-)$/i.test(value);
}

/** Prose such as "bearer authentication" holds no credential: those have digits, capitals within, or are long. */
function isCredential(text: string): boolean {
  return /\d/.test(text) || /[a-z][A-Z]/.test(text) || text.length >= 32;
}

function withoutPrivateKeys(text: string, takeOut: TakeOut): string {
  let result = '';
  let at = 0;
  for (;;) {
    const begin = /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----/.exec(text.slice(at));
    if (begin === null) return result + text.slice(at);
    const from = at + begin.index;
    const end = /-----END [A-Z ]{0,40}PRIVATE KEY-----/.exec(text.slice(from));
    result += text.slice(at, from) + takeOut('private-key');
    // A key that is cut off is no less a key.
    if (end === null) return result;
    at = from + end.index + end[0].length;
  }
}
