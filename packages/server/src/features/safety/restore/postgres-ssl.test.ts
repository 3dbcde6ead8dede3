import { expect, test } from 'vitest';
import { postgresEnvironment } from '../sources/postgres-tools.ts';
import { sslOf, withoutSsl } from './postgres-ssl.ts';

const url = (query: string): string => `postgres://belay@db.example/shop${query}`;

test('what a URL says of TLS reaches the programs', () => {
  const files = '&sslcert=%2Fetc%2Fbelay%2Fc.pem&sslkey=%2Fetc%2Fbelay%2Fk.pem&sslrootcert=system';
  expect(sslOf(url(''))).toBeUndefined();
  expect(postgresEnvironment(url(''))).not.toHaveProperty('PGSSLMODE');
  expect(postgresEnvironment(url('?sslmode=require'))).toMatchObject({ PGSSLMODE: 'require', PGHOST: 'db.example' });
  expect(() => sslOf(url(`?sslmode=verify-full${files}`))).toThrow('/etc/belay/c.pem, which cannot be read');
});

test.each([
  ['disable', false],
  ['prefer', undefined],
  ['require', { rejectUnauthorized: false }],
  ['verify-ca', { rejectUnauthorized: true }],
  ['verify-full', { rejectUnauthorized: true }],
])('sslmode=%s means to our connections what it means to libpq', (mode, expected) => {
  const ssl = sslOf(url(`?sslmode=${mode}`));
  if (typeof expected === 'object') expect(ssl).toMatchObject(expected);
  else expect(ssl).toBe(expected);
});

test('a socket and its parameters outlive what is taken out', () => {
  const socket = 'postgres:///shop?host=%2Fvar%2Frun&sslmode=require&user=belay&sslrootcert=system';
  expect(withoutSsl(socket)).toBe('postgres:///shop?host=%2Fvar%2Frun&user=belay');
  expect(postgresEnvironment(socket)).toMatchObject({ PGHOST: '/var/run', PGUSER: 'belay', PGSSLROOTCERT: 'system' });
});

test('the host is checked by verify-full alone', () => {
  expect(sslOf(url('?sslmode=verify-full'))).not.toHaveProperty('checkServerIdentity');
  expect(sslOf(url('?sslmode=verify-ca'))).toHaveProperty('checkServerIdentity');
});
