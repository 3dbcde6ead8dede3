import { Readable } from 'node:stream';
import { BelayError, isBelayError } from '@belay/core';
import { type Destination, existingObject, requireObjectName, type StoredObject } from '../destination.ts';
import { createS3Client, type S3Client } from './s3-client.ts';
import { failureOfRequest } from './s3-failure.ts';
import type { S3Settings } from './s3-settings.ts';
import { upload } from './s3-upload.ts';
import { xmlBlocks, xmlValue } from './s3-xml.ts';

const MOST_PAGES = 1000;

/** Keeps backups in a bucket of AWS, MinIO, R2, B2, Garage or any other server that speaks S3. */
export function createS3Destination(settings: S3Settings, clock: { now(): number }): Destination {
  const client = createS3Client(settings);
  const { name, bucket, prefix } = settings;
  const keyOf = (object: string): string => {
    requireObjectName(object);
    return `${prefix}${object}`;
  };
  const stat: Destination['stat'] = async (object, { signal } = {}) => head(client, keyOf(object), object, signal);
  return {
    name,
    kind: 's3',
    uri: `s3://${bucket}/${prefix}`,
    stat,
    async put(file, object, options) {
      const job = { client, settings, file, key: keyOf(object), object, options, now: clock.now() };
      const { bytes, etag, mayBeOwn } = await upload(job);
      if (mayBeOwn) return requireOwn(name, object, { bytes, sha256: options.sha256, stat });
      return { name: object, bytes, sha256: options.sha256, etag };
    },
    async read(object, { range, signal } = {}) {
      const headers: Record<string, string> =
        range === undefined ? {} : { range: `bytes=${range.from}-${range.from + range.bytes - 1}` };
      const { answer, body } = await client.open({ method: 'GET', key: keyOf(object), object, headers, signal });
      if (range !== undefined && answer.status !== 206) {
        // The first piece is taken so that the connection is closed.
        for await (const _ of body) break;
        throw new BelayError('backup.destination-refused', `${name} does not give parts of ${object}.`, {
          hint: 'The server or a proxy before it ignores Range.',
        });
      }
      return Readable.from(told(body, settings, signal), { objectMode: false });
    },
    list: (wanted, { signal } = {}) => listAll(client, { prefix, wanted, signal }),
    async remove(object, { signal } = {}) {
      try {
        await client.ask({ method: 'DELETE', key: keyOf(object), object, signal });
      } catch (error) {
        if (!isBelayError(error) || error.code !== 'backup.object-missing') throw error;
      }
    },
  };
}

interface Own {
  readonly bytes: number;
  readonly sha256: string;
  readonly stat: Destination['stat'];
}

/** The name was taken. After a lost answer that may be by our own attempt, which the stored checksum tells. */
async function requireOwn(name: string, object: string, { bytes, sha256, stat }: Own): Promise<StoredObject> {
  const found = await stat(object).catch(() => null);
  if (found !== null && found.bytes === bytes && found.sha256 === sha256) return found;
  throw existingObject(name, object);
}

async function head(
  client: S3Client,
  key: string,
  object: string,
  signal: AbortSignal | undefined,
): Promise<StoredObject | null> {
  try {
    const headers = { 'x-amz-checksum-mode': 'ENABLED' };
    const answer = await client.ask({ method: 'HEAD', key, object, headers, signal });
    const checksum = answer.headers.get('x-amz-checksum-sha256');
    // Of an upload in parts it is a checksum of checksums; what we said ourselves when we stored it is the next best.
    const whole = checksum === null || checksum.includes('-') ? null : Buffer.from(checksum, 'base64').toString('hex');
    return {
      name: object,
      bytes: Number(answer.headers.get('content-length') ?? Number.NaN),
      sha256: whole ?? answer.headers.get('x-amz-meta-belay-sha256'),
      etag: answer.headers.get('etag'),
    };
  } catch (error) {
    if (isBelayError(error) && error.code === 'backup.object-missing') return null;
    throw error;
  }
}

interface Listing {
  readonly prefix: string;
  readonly wanted: string;
  readonly signal: AbortSignal | undefined;
}

async function listAll(client: S3Client, { prefix, wanted, signal }: Listing): Promise<readonly StoredObject[]> {
  const found: StoredObject[] = [];
  let token: string | undefined;
  for (let page = 0; page < MOST_PAGES; page += 1) {
    const query = {
      'list-type': '2',
      prefix: `${prefix}${wanted}`,
      ...(token === undefined ? {} : { 'continuation-token': token }),
    };
    const { text } = await client.ask({ method: 'GET', key: '', object: '', query, signal });
    for (const row of xmlBlocks(text, 'Contents')) {
      const key = xmlValue(row, 'Key') ?? '';
      if (!key.startsWith(prefix)) continue;
      const bytes = Number(xmlValue(row, 'Size') ?? Number.NaN);
      found.push({ name: key.slice(prefix.length), bytes, sha256: null, etag: xmlValue(row, 'ETag') ?? null });
    }
    token = xmlValue(text, 'IsTruncated') === 'true' ? xmlValue(text, 'NextContinuationToken') : undefined;
    if (token === undefined) return found.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
  throw new BelayError('backup.destination-refused', `The bucket lists more than ${MOST_PAGES * 1000} objects.`, {
    hint: 'Give Belay a prefix of its own.',
  });
}

async function* told(
  body: AsyncIterable<Buffer>,
  settings: S3Settings,
  signal: AbortSignal | undefined,
): AsyncIterable<Buffer> {
  try {
    yield* body;
  } catch (error) {
    throw failureOfRequest(settings, error, signal);
  }
}
