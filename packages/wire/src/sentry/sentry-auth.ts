/** Where a Sentry SDK may put its key. All values are as sent. */
export interface SentryAuthSources {
  /** `?sentry_key=` */
  readonly query: string | undefined;
  /** `X-Sentry-Auth: Sentry sentry_key=...`, or `Authorization: Sentry ...`. */
  readonly header: string | undefined;
  /** `dsn` of the envelope's header. */
  readonly dsn: unknown;
}

/** The key an SDK sent, in the order of Sentry's protocol: query, header, DSN; undefined where there is none. */
export function sentryKeyOf({ query, header, dsn }: SentryAuthSources): string | undefined {
  const found = query ?? keyOfHeader(header) ?? keyOfDsn(dsn);
  return found !== undefined && KEY.test(found) ? found : undefined;
}

const KEY = /^[\w-]{16,128}$/u;

function keyOfHeader(header: string | undefined): string | undefined {
  if (header === undefined || header.length > 4096 || !/^sentry\s/iu.test(header)) return undefined;
  for (const part of header.slice(7).split(',')) {
    const [name, value] = part.split('=', 2);
    if (name?.trim().toLowerCase() === 'sentry_key' && value !== undefined) return value.trim();
  }
  return undefined;
}

function keyOfDsn(dsn: unknown): string | undefined {
  if (typeof dsn !== 'string' || dsn.length > 2048) return undefined;
  return /^https?:\/\/([^:@/]+)(?::[^@/]*)?@/u.exec(dsn)?.[1];
}
