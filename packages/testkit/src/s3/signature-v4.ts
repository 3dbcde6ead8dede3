import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

export interface SignedRequest {
  readonly method: string;
  /** Path and query as sent. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/**
 * Checks AWS Signature Version 4 of a request from its raw parts, written from the specification and independent of any
 * client. Returns S3's error code, or null when the signature holds.
 */
export function signatureFault(
  { method, target, headers }: SignedRequest,
  credentialsOf: (accessKeyId: string) => Credentials | undefined,
  { region, now }: { readonly region: string; readonly now: number },
): string | null {
  const parsed =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    );
  if (parsed === null) return 'AccessDenied';
  const [, accessKeyId = '', day = '', scope = '', names = '', signature = ''] = parsed;
  const credentials = credentialsOf(accessKeyId);
  if (credentials === undefined) return 'InvalidAccessKeyId';
  if (scope !== region) return 'AuthorizationHeaderMalformed';
  const date = String(headers['x-amz-date'] ?? '');
  const at = Date.parse(date.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
  if (!(Math.abs(now - at) <= 15 * 60_000) || !date.startsWith(day)) return 'RequestTimeTooSkewed';
  const signed = names.split(';');
  // Everything that changes what a request does must be under the signature.
  const vital = Object.keys(headers).filter((name) => name === 'host' || name.startsWith('x-amz-'));
  if (vital.some((name) => !signed.includes(name))) return 'AccessDenied';
  const canonicalHeaders = signed.map(
    (name) =>
      `${name}:${String(headers[name] ?? '')
        .trim()
        .replace(/\s+/g, ' ')}\n`,
  );
  const [path = '', search = ''] = target.split('?');
  const canonical = [
    method,
    path,
    canonicalQuery(search),
    canonicalHeaders.join(''),
    names,
    String(headers['x-amz-content-sha256'] ?? ''),
  ].join('\n');
  const toSign = ['AWS4-HMAC-SHA256', date, `${day}/${scope}/s3/aws4_request`, sha256Hex(canonical)].join('\n');
  let key: Buffer = Buffer.from(`AWS4${credentials.secretAccessKey}`);
  for (const part of [day, scope, 's3', 'aws4_request']) key = createHmac('sha256', key).update(part).digest();
  const expected = createHmac('sha256', key).update(toSign).digest();
  return timingSafeEqual(expected, Buffer.from(signature, 'hex')) ? null : 'SignatureDoesNotMatch';
}

function canonicalQuery(search: string): string {
  if (search === '') return '';
  const pairs = [...new URLSearchParams(search)].map(([name, value]) => `${encode(name)}=${encode(value)}`);
  return pairs.sort().join('&');
}

function encode(text: string): string {
  return encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

function sha256Hex(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
