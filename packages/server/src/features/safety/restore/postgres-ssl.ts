import { readFileSync } from 'node:fs';
import type { ConnectionOptions } from 'node:tls';
import { BelayError } from '@belay/core';

const VARIABLES = {
  sslmode: 'PGSSLMODE',
  sslrootcert: 'PGSSLROOTCERT',
  sslcert: 'PGSSLCERT',
  sslkey: 'PGSSLKEY',
} as const;

/** What a URL says of TLS, as variables of libpq for the programs. */
export function sslEnvironment(url: string): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(VARIABLES).flatMap(([name, variable]) => {
      const value = parameterOf(url, name);
      return value === null ? [] : [[variable, value]];
    }),
  );
}

/**
 * The same for our own connections, with the meaning that libpq gives the modes, so that both reach the same servers:
 * `require` encrypts and checks a certificate only against a root that is named. Undefined: as the environment says.
 */
export function sslOf(url: string): ConnectionOptions | false | undefined {
  const mode = parameterOf(url, 'sslmode');
  if (mode === 'disable') return false;
  if (mode !== 'require' && mode !== 'verify-ca' && mode !== 'verify-full') return undefined;
  const [root, cert, key] = [parameterOf(url, 'sslrootcert'), parameterOf(url, 'sslcert'), parameterOf(url, 'sslkey')];
  return {
    rejectUnauthorized: mode !== 'require' || root !== null,
    ...(mode === 'verify-full' ? {} : { checkServerIdentity: () => undefined }),
    // `system`: the roots that the machine trusts.
    ...(root === null || root === 'system' ? {} : { ca: read(root) }),
    ...(cert === null ? {} : { cert: read(cert) }),
    ...(key === null ? {} : { key: read(key) }),
  };
}

/** The URL without that, because pg gives the modes another meaning and reads the files at once. */
export function withoutSsl(url: string): string {
  if (Object.keys(VARIABLES).every((name) => parameterOf(url, name) === null)) return url;
  const plain = new URL(url);
  for (const name of Object.keys(VARIABLES)) plain.searchParams.delete(name);
  return plain.href;
}

function parameterOf(url: string, name: string): string | null {
  return URL.canParse(url) ? new URL(url).searchParams.get(name) : null;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new BelayError('config.invalid', `The URL of the source names ${file}, which cannot be read.`, {
      hint: 'Correct sslrootcert, sslcert or sslkey in `url`, or the rights of the file.',
      cause,
    });
  }
}
