import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkOwnPattern } from './own-pattern.ts';
import { createRedactor, type RedactionCounts } from './redactor.ts';

const redactor = createRedactor();

function textOf(value: string): [text: string, rules: string[]] {
  const counts: RedactionCounts = new Map();
  return [redactor.text(value, counts), [...counts.keys()]];
}

test.each([
  ['http.request.header.authorization', 'authorization'],
  ['http.request.header.Cookie', 'cookie'],
  ['http.response.header.set-cookie', 'cookie'],
  ['db.password', 'password'],
  ['userPassword', 'password'],
  ['DB_PASSWD', 'password'],
  ['oauth.client_secret', 'secret'],
  ['awsSecretAccessKey', 'secret'],
  ['accessToken', 'token'],
  ['x-csrf-token', 'token'],
  ['X-Api-Key', 'api-key'],
  ['payment.card_number', 'card-number'],
])('the value of %s is taken out by the rule %s', (key, rule) => {
  const counts: RedactionCounts = new Map();
  expect(redactor.attribute(key, 'whatever it is', counts)).toBe(`[redacted:${rule}]`);
  expect([...counts]).toEqual([[rule, 1]]);
});

test.each([
  ['gen_ai.usage.input_tokens', '1200'],
  ['token.type', 'refresh'],
  ['token_count', '12'],
  ['password.policy', 'strict'],
  ['session.id', '8e1f'],
  ['http.route', '/users/:id/password'],
  ['messaging.kafka.message.key', 'order-17'],
  ['secretary', 'Ann'],
  ['author', 'Ann'],
  ['db.password', ''],
])('%s = "%s" stays as it is', (key, value) => {
  const counts: RedactionCounts = new Map();
  expect(redactor.attribute(key, value, counts)).toBe(value);
  expect(counts.size).toBe(0);
});

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U';
const KEY = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAK\n-----END RSA PRIVATE KEY-----';

test.each([
  ['login with password=hunter2 failed', 'login with password=[redacted:password] failed', 'password'],
  ['{"user":"ann","password":"hun ter2","n":1}', '{"user":"ann","password":"[redacted:password]","n":1}', 'password'],
  ['{"body":"{\\"password\\":\\"hunter2\\"}"}', '{"body":"{\\"password\\":\\"[redacted:password]\\"}"}', 'password'],
  ['Authorization: Bearer abc.def-123', 'Authorization: Bearer [redacted:authorization]', 'authorization'],
  ['authorization: Basic YW5uOmh1bnRlcjI=', 'authorization: Basic [redacted:authorization]', 'authorization'],
  ['sent Bearer 9f86d081884c7d65', 'sent Bearer [redacted:authorization]', 'authorization'],
  ['Cookie: sid=12; theme=dark\nHost: a', 'Cookie: [redacted:cookie]\nHost: a', 'cookie'],
  [`got ${JWT}.`, 'got [redacted:jwt].', 'jwt'],
  [`before ${KEY} after`, 'before [redacted:private-key] after', 'private-key'],
  [KEY.slice(0, 40), '[redacted:private-key]', 'private-key'],
  ['paid with 4111 1111 1111 1111 today', 'paid with [redacted:card-number] today', 'card-number'],
  ['paid with 378282246310005', 'paid with [redacted:card-number]', 'card-number'],
  ['postgres://app:s3cr@t@db/shop', 'postgres://app:[redacted:connection-password]@t@db/shop', 'connection-password'],
  ['https://x.blob/f?sv=1&sig=a%2Fb9c8d7', 'https://x.blob/f?sv=1&sig=[redacted:query-secret]', 'query-secret'],
  ['GET /cb?access_token=abcdef&x=1', 'GET /cb?access_token=[redacted:token]&x=1', 'token'],
  ['key AKIAIOSFODNN7EXAMPLE leaked', 'key [redacted:api-key] leaked', 'api-key'],
  [`ghp_${'a1'.repeat(18)}`, '[redacted:api-key]', 'api-key'],
  ['Server=db;User=a;Password=x1!;Encrypt=1', 'Server=db;User=a;Password=[redacted:password];Encrypt=1', 'password'],
])('%j becomes %j', (value, wanted, rule) => {
  expect(textOf(value)).toEqual([wanted, [rule]]);
});

test.each([
  'uses bearer authentication and basic functionality',
  'password: true',
  'the token expired',
  'order 4111111111111112 shipped at 1764000000000000000',
  'https://example.org/a?b=c@d',
  'input_tokens=512 output_tokens=3',
  'ids 0123456789abcdef0123456789abcdef 4111111111111111a',
])('%j stays as it is', (value) => {
  expect(textOf(value)).toEqual([value, []]);
});

test('the look at bytes never says no where the text would be changed', () => {
  const pieces = fc.constantFrom(
    JWT,
    KEY,
    'pwd=',
    'x1',
    '4111-1111-1111-1111',
    '://a:b@',
    'ü',
    '&sig=abcdef1',
    ' ',
    'sk-',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 12 })), { maxLength: 8 }), (parts) => {
      const value = parts.join('');
      const bytes = new TextEncoder().encode(value);
      const [changed] = textOf(value);
      if (changed !== value) expect(redactor.mayHoldSecret(bytes, 0, bytes.length)).toBe(true);
      expect(changed).not.toContain(JWT);
      expect(changed).not.toContain('MIIEow');
    }),
    { seed: 7, numRuns: 2000 },
  );
});

test('rules are switched off one by one, and own ones are added', () => {
  const own = { name: 'customer', contains: 'cust-', pattern: 'cust-[0-9]{4,8}' };
  expect(checkOwnPattern(own)).toBeUndefined();
  const mine = createRedactor({ off: ['jwt'], keys: ['tenant.tax_no'], patterns: [own] });
  const counts: RedactionCounts = new Map();
  expect(mine.text(`${JWT} of CUST-12345`, counts)).toBe(`${JWT} of [redacted:customer]`);
  expect(mine.attribute('Tenant.Tax_No', '7', counts)).toBe('[redacted:key:tenant.tax_no]');
  expect(Object.fromEntries(counts)).toEqual({ customer: 1, 'key:tenant.tax_no': 1 });
});

test.each([
  ['(a+)+b', 'must not be repeated'],
  ['a*b*c', 'multiply'],
  ['(?=a)a', 'look-around'],
  ['(a)\\1', 'back references'],
  ['a{1,2000}', 'multiply'],
  ['[', 'cannot be read'],
  ['a*', 'empty'],
])('the pattern %s is refused: %s', (pattern, words) => {
  expect(checkOwnPattern({ name: 'x', contains: 'abc', pattern })).toContain(words);
});

test('texts made to hurt are read in linear time', () => {
  const hurtful = [
    'a'.repeat(65_536),
    'password'.repeat(8000),
    '-----BEGIN '.repeat(6000),
    '4 '.repeat(32_000),
    'eyJ'.repeat(20_000),
  ];
  for (const text of hurtful) expect(textOf(`pwd ${text}`)[0].length).toBeGreaterThan(0);
  const own = { name: 'x', contains: 'aaa', pattern: 'a+b' };
  expect(createRedactor({ patterns: [own] }).text('a'.repeat(65_536), new Map())).toHaveLength(65_536);
});
