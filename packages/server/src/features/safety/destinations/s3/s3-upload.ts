import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { BelayError, isBelayError } from '@belay/core';
import type { PutOptions } from '../destination.ts';
import type { S3Answer, S3Client, S3Request } from './s3-client.ts';
import type { S3Settings } from './s3-settings.ts';
import { xmlValue } from './s3-xml.ts';

export interface Upload {
  readonly client: S3Client;
  readonly settings: S3Settings;
  readonly file: string;
  readonly key: string;
  readonly object: string;
  readonly options: PutOptions;
  readonly now: number;
}

export interface Uploaded {
  readonly bytes: number;
  readonly etag: string | null;
  /** True when the name was taken after an attempt without an answer: perhaps by that very attempt. */
  readonly mayBeOwn: boolean;
}

const PART_BYTES = 16 * 2 ** 20;
/** S3 takes 10,000 parts; some compatible servers fewer. */
const MOST_PARTS = 1000;
const AT_ONCE = 3;

/** Sends a file in one request, or in parts when it is large. Memory: three parts. */
export async function upload(job: Upload): Promise<Uploaded> {
  const handle = await open(job.file, 'r');
  try {
    const { size } = await handle.stat();
    const partBytes = Math.max(job.settings.partBytes ?? PART_BYTES, Math.ceil(size / MOST_PARTS));
    return size <= partBytes
      ? await uploadWhole(job, handle, size)
      : await uploadParts(job, { handle, size, partBytes });
  } finally {
    await handle.close();
  }
}

async function uploadWhole(job: Upload, handle: FileHandle, size: number): Promise<Uploaded> {
  const body = await readPart(handle, 0, size);
  const digest = createHash('sha256').update(body).digest();
  if (digest.toString('hex') !== job.options.sha256)
    throw new BelayError('backup.corrupt', `${job.object} changed on this machine before it was sent.`, {
      hint: 'Its bytes are not what was written. Look at the disk and the memory of this machine.',
    });
  const headers = {
    ...objectHeaders(job),
    'content-md5': createHash('md5').update(body).digest('base64'),
    'x-amz-checksum-sha256': digest.toString('base64'),
  };
  const answer = await once(job, { method: 'PUT', headers, body });
  if (answer === 'taken') return { bytes: size, etag: null, mayBeOwn: true };
  requireChecksum(job.object, answer.headers.get('x-amz-checksum-sha256'), digest);
  return { bytes: size, etag: answer.headers.get('etag'), mayBeOwn: false };
}

interface Parts {
  readonly handle: FileHandle;
  readonly size: number;
  readonly partBytes: number;
}

async function uploadParts(job: Upload, { handle, size, partBytes }: Parts): Promise<Uploaded> {
  const { client, key, object, options } = job;
  const { signal } = options;
  const headers = { ...objectHeaders(job), 'x-amz-checksum-algorithm': 'SHA256' };
  const begun = await client.ask({ method: 'POST', key, object, query: { uploads: '' }, headers, signal });
  const uploadId = xmlValue(begun.text, 'UploadId');
  if (uploadId === undefined) throw strange(job, 'gave no id for a large upload');
  const count = Math.ceil(size / partBytes);
  const parts: { readonly etag: string; readonly digest: Buffer }[] = [];
  const send = async (index: number): Promise<void> => {
    const body = await readPart(handle, index * partBytes, Math.min(partBytes, size - index * partBytes));
    const digest = createHash('sha256').update(body).digest();
    const answer = await client.ask({
      method: 'PUT',
      key,
      object,
      query: { partNumber: String(index + 1), uploadId },
      headers: { 'x-amz-checksum-sha256': digest.toString('base64') },
      body,
      signal,
    });
    const etag = answer.headers.get('etag');
    if (etag === null) throw strange(job, `gave no ETag for part ${index + 1}`);
    requireChecksum(object, answer.headers.get('x-amz-checksum-sha256'), digest);
    parts[index] = { etag, digest };
  };
  try {
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < count) await send(next++);
    };
    await allEnded(Array.from({ length: Math.min(AT_ONCE, count) }, work));
    return await completeParts(job, { uploadId, parts, size });
  } catch (error) {
    // Parts of an upload that never ends cost money; the bucket's own rule should remove what this cannot.
    await client
      .ask({ method: 'DELETE', key, object, query: { uploadId }, signal: AbortSignal.timeout(10_000) })
      .catch(() => undefined);
    throw error;
  }
}

interface SentParts {
  readonly uploadId: string;
  readonly parts: readonly { readonly etag: string; readonly digest: Buffer }[];
  readonly size: number;
}

async function completeParts(job: Upload, { uploadId, parts, size }: SentParts): Promise<Uploaded> {
  const rows = parts.map(
    ({ etag, digest }, index) =>
      `<Part><PartNumber>${index + 1}</PartNumber><ETag>${escapeXml(etag)}</ETag>` +
      `<ChecksumSHA256>${digest.toString('base64')}</ChecksumSHA256></Part>`,
  );
  const body = Buffer.from(
    `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${rows.join('')}</CompleteMultipartUpload>`,
  );
  const headers = { 'content-type': 'application/xml' };
  const answer = await once(job, { method: 'POST', query: { uploadId }, headers, body });
  if (answer === 'taken') return { bytes: size, etag: null, mayBeOwn: true };
  // The server answers 200 before it has put the parts together, and can still fail in the body.
  if (!answer.text.includes('CompleteMultipartUploadResult'))
    throw strange(job, `could not put the parts together (${xmlValue(answer.text, 'Code') ?? 'no reason given'})`);
  const whole = createHash('sha256');
  for (const { digest } of parts) whole.update(digest);
  const told = xmlValue(answer.text, 'ChecksumSHA256');
  if (told !== undefined && told.replace(/-\d+$/, '') !== whole.digest('base64'))
    throw new BelayError('backup.corrupt', `${job.settings.name} put other parts together for ${job.object}.`);
  return { bytes: size, etag: xmlValue(answer.text, 'ETag') ?? null, mayBeOwn: false };
}

/** Writes only where nothing is. A server that does not know the condition is asked first and told without. */
async function once(
  { client, key, object, options }: Upload,
  request: Omit<S3Request, 'key' | 'object' | 'signal'>,
): Promise<S3Answer | 'taken'> {
  const { signal, replaces } = options;
  const plain = { ...request, key, object, signal };
  if (replaces === true) return client.ask(plain);
  const guarded = { ...plain, headers: { ...request.headers, 'if-none-match': '*' } };
  try {
    return await client.ask(guarded);
  } catch (error) {
    if (!isBelayError(error)) throw error;
    // Taken, perhaps by ourselves: an attempt before, or the one whose answer was lost. The caller compares.
    if (error.code === 'backup.object-exists') return 'taken';
    if (error.details?.['status'] !== 501) throw error;
    return client.ask(plain);
  }
}

function objectHeaders({ options, settings, now }: Upload): Record<string, string> {
  const until = settings.lock === undefined ? undefined : new Date(now + settings.lock.days * 86_400_000);
  return {
    'content-type': 'application/octet-stream',
    'x-amz-meta-belay-sha256': options.sha256,
    ...(settings.lock === undefined || until === undefined
      ? {}
      : {
          'x-amz-object-lock-mode': settings.lock.mode,
          'x-amz-object-lock-retain-until-date': until.toISOString(),
        }),
  };
}

async function readPart(handle: FileHandle, from: number, bytes: number): Promise<Buffer> {
  const part = Buffer.allocUnsafe(bytes);
  let done = 0;
  while (done < bytes) {
    const { bytesRead } = await handle.read(part, done, bytes - done, from + done);
    if (bytesRead === 0) throw new BelayError('backup.corrupt', 'The file became shorter while it was sent.');
    done += bytesRead;
  }
  return part;
}

function requireChecksum(object: string, told: string | null, digest: Buffer): void {
  if (told === null || told === digest.toString('base64')) return;
  throw new BelayError('backup.corrupt', `The server confirmed other bytes of ${object} than were sent.`);
}

/** All have ended before the first failure is thrown, so that nothing runs on unseen. */
async function allEnded(running: readonly Promise<void>[]): Promise<void> {
  for (const result of await Promise.allSettled(running)) if (result.status === 'rejected') throw result.reason;
}

function strange({ settings, object }: Upload, what: string): BelayError {
  return new BelayError('backup.destination-unreachable', `${settings.name} ${what} (${object}).`, {
    hint: 'Does this server speak S3? The copy is sent again later.',
  });
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}
