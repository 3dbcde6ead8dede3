import { BelayError, isBelayError } from '@belay/core';
import { existingObject, missingObject } from '../destination.ts';
import type { S3Settings } from './s3-settings.ts';
import { xmlValue } from './s3-xml.ts';

/** An answer that is not a success. */
export interface Refusal {
  readonly status: number;
  readonly headers: Headers;
  /** The beginning of the answer's body. */
  readonly text: string;
}

/** Servers answer these while they are busy, starting, or between two states; the same request can work a moment later. */
export function isWorthAnother({ status, text }: Refusal): boolean {
  if (status === 429 || status === 408) return true;
  if (status >= 500) return status !== 501 && status !== 507;
  return /<Code>(BadDigest|XAmzContentSHA256Mismatch|XAmzContentChecksumMismatch|RequestTimeout|ConditionalRequestConflict|OperationAborted)<\/Code>/.test(
    text,
  );
}

/** What an answer means, in words that name the mend. */
export function failureOfAnswer(settings: S3Settings, object: string, refusal: Refusal): BelayError {
  const { status, headers, text } = refusal;
  const { name } = settings;
  const code = xmlValue(text, 'Code') ?? codeOfStatus(status);
  if (status === 404 && code !== 'NoSuchBucket' && code !== 'NoSuchUpload') return missingObject(name, object);
  if (status === 412 || code === 'PreconditionFailed') return existingObject(name, object);
  if (status === 507 || code === 'QuotaExceeded' || code === 'XMinioStorageFull')
    return new BelayError('storage.full', `${name} is full (${code}).`, { hint: 'Make room in the bucket.' });
  const details = { destination: name, object, status, code };
  if (status === 416)
    return new BelayError('backup.corrupt', `${name} holds less of ${object} than was stored.`, { details });
  if (/Digest|SHA256Mismatch|ChecksumMismatch/.test(code))
    return new BelayError('backup.corrupt', `${object} changed on its way to ${name} (${code}).`, {
      hint: 'Bytes were damaged on the way. It was tried several times: look at the network, the memory, the proxy.',
      details,
    });
  const message = `${name} answered ${status} ${code} for ${object === '' ? `bucket ${settings.bucket}` : object}.`;
  if (status >= 500 || status === 429 || status === 408)
    return new BelayError('backup.destination-unreachable', message, {
      hint: 'The server is busy or broken. The copy is sent again later.',
      details,
    });
  return new BelayError('backup.destination-refused', message, { hint: hintOf(settings, code, headers), details });
}

/** What a request that got no answer means. An abort by the caller stays what it is. */
export function failureOfRequest(settings: S3Settings, cause: unknown, signal: AbortSignal | undefined): unknown {
  if (isBelayError(cause) || signal?.aborted === true) return cause;
  const inner = cause instanceof Error && cause.cause instanceof Error ? cause.cause : cause;
  const isLate = inner instanceof Error && inner.name === 'TimeoutError';
  const code = inner instanceof Error && 'code' in inner && typeof inner.code === 'string' ? ` (${inner.code})` : '';
  const { host } = new URL(settings.endpoint);
  const what = isLate ? 'did not answer in time' : `could not be reached${code}`;
  return new BelayError('backup.destination-unreachable', `${settings.name}: ${host} ${what}.`, {
    hint: 'Check the endpoint, the name service, the firewall, and whether the server runs.',
    details: { destination: settings.name, host },
    cause,
  });
}

function codeOfStatus(status: number): string {
  if (status === 403) return 'AccessDenied';
  if (status >= 300 && status < 400) return 'PermanentRedirect';
  return `HTTP${status}`;
}

function hintOf({ bucket, region }: S3Settings, code: string, headers: Headers): string {
  const wanted = headers.get('x-amz-bucket-region');
  switch (code) {
    case 'NoSuchBucket':
      return `Make the bucket ${bucket}, or correct its name.`;
    case 'SignatureDoesNotMatch':
    case 'InvalidAccessKeyId':
      return 'The key id or the secret is not right. Check the environment variables that belay.yaml names.';
    case 'RequestTimeTooSkewed':
      return 'The clock of this machine is wrong. Set it (NTP).';
    case 'PermanentRedirect':
    case 'AuthorizationHeaderMalformed':
    case 'TemporaryRedirect':
      return wanted === null
        ? `The bucket is not at this endpoint or not in region ${region}. Redirects are not followed.`
        : `The bucket is in region ${wanted}, not ${region}.`;
    case 'AccessDenied':
      return `The credentials need s3:PutObject on ${bucket}; to prove and restore s3:GetObject and s3:ListBucket; for retention s3:DeleteObject.`;
    default:
      return 'The answer of the server says what it does not like; see its documentation for the code.';
  }
}
