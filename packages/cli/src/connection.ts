import { readFileSync } from 'node:fs';
import path from 'node:path';
import { createClient } from '@belay/client';
import { CliFailure } from './failure.ts';
import { exitCode } from './exit-code.ts';

/** Flags that every command which talks to a server takes. */
export interface ConnectionFlags {
  readonly url?: string;
  readonly token?: string;
}

interface Surroundings {
  readonly cwd: string;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export interface Credentials {
  readonly url: string;
  readonly token: string;
  /** Where both came from, for `doctor`. */
  readonly origin: { readonly url: string; readonly token: string };
}

const DEFAULT_URL = 'http://127.0.0.1:4600';

export type Api = ReturnType<typeof createClient>;

/** Opens the API with the credentials at hand. */
export function connect(flags: ConnectionFlags, surroundings: Surroundings): Api {
  const { url, token } = findCredentials(flags, surroundings);
  return createClient({ baseUrl: url, token, name: 'cli' });
}

/** Flags win over the environment, the environment over `belay login`, that over the credential of a local server. */
export function findCredentials(flags: ConnectionFlags, surroundings: Surroundings): Credentials {
  const stored = readStored(loginFile(surroundings));
  const local = readText(path.join(surroundings.cwd, '.belay', 'cli-token'));
  const localUrl = readText(path.join(surroundings.cwd, '.belay', 'url'));
  const url = firstOf([
    ['--url', flags.url],
    ['BELAY_URL', surroundings.environment['BELAY_URL']],
    ['./.belay/url', localUrl],
    ['belay login', local === undefined ? stored?.url : undefined],
    ['the default', DEFAULT_URL],
  ]);
  const token = firstOf([
    ['--token', flags.token],
    ['BELAY_KEY', surroundings.environment['BELAY_KEY']],
    // The credential of a local server is nobody else's business.
    ['./.belay/cli-token', url !== undefined && isLoopback(url.value) ? local : undefined],
    ['belay login', stored?.url === undefined || stored.url === url?.value ? stored?.token : undefined],
  ]);
  if (url !== undefined) checkUrl(url.value, url.origin);
  if (url === undefined || token === undefined)
    throw noToken({ url: url?.value ?? DEFAULT_URL, isGuess: url?.origin === 'the default', cwd: surroundings.cwd });
  return { url: url.value.replace(/\/+$/, ''), token: token.value, origin: { url: url.origin, token: token.origin } };
}

/** Where `belay login` keeps its credentials. */
export function loginFile({ home, environment }: Pick<Surroundings, 'home' | 'environment'>): string {
  return path.join(environment['XDG_CONFIG_HOME'] ?? path.join(home, '.config'), 'belay', 'credentials.json');
}

function firstOf(
  candidates: readonly (readonly [origin: string, value: string | undefined])[],
): { origin: string; value: string } | undefined {
  for (const [origin, value] of candidates) {
    if (value !== undefined && value.trim() !== '') return { origin, value: value.trim() };
  }
  return undefined;
}

function isLoopback(url: string): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
}

function checkUrl(url: string, origin: string): void {
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return;
  throw new CliFailure({
    code: 'request.invalid',
    exitCode: exitCode.usage,
    what: 'The address of the server cannot be read.',
    why: `${origin} is "${url}".`,
    fix: `use an address such as ${DEFAULT_URL}`,
  });
}

interface NoToken {
  readonly url: string;
  /** Nobody named a server: then most likely none has been started. */
  readonly isGuess: boolean;
  readonly cwd: string;
}

function noToken({ url, isGuess, cwd }: NoToken): CliFailure {
  const login = `belay login --url ${isGuess ? '<address>' : url} --token <token>`;
  return new CliFailure({
    code: 'access.unauthenticated',
    exitCode: exitCode.access,
    what: isGuess
      ? 'No server runs in this folder, and there is no token for another.'
      : `There is no token for ${url}.`,
    why: `--token and BELAY_KEY are not set, "belay login" was not used, and ${path.join(cwd, '.belay', 'cli-token')} does not exist.`,
    fix: isGuess
      ? `belay server   (in this folder; or run belay in the folder of the server; or ${login})`
      : `${login}   (or run belay in the folder of "belay server")`,
  });
}

function readText(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw new CliFailure(
      {
        code: 'access.unauthenticated',
        exitCode: exitCode.access,
        what: 'The stored token cannot be read.',
        why: `${file}: ${error instanceof Error ? error.message : String(error)}`,
        fix: `chmod 600 ${file}   (and own the file)`,
      },
      error,
    );
  }
}

function readStored(file: string): { url: string; token: string } | undefined {
  const text = readText(file);
  if (text === undefined || text === '') return undefined;
  try {
    const stored: unknown = JSON.parse(text);
    if (isStored(stored)) return stored;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new CliFailure({
    code: 'access.unauthenticated',
    exitCode: exitCode.access,
    what: 'What "belay login" stored cannot be read.',
    why: `${file} is not a JSON object with "url" and "token".`,
    fix: 'belay login --url <address> --token <token>',
  });
}

function isStored(value: unknown): value is { url: string; token: string } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'url' in value &&
    'token' in value &&
    typeof value.url === 'string' &&
    typeof value.token === 'string'
  );
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR');
}
