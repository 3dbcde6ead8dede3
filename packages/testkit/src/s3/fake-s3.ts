import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Credentials, signatureFault } from './signature-v4.ts';

/** What the server does wrong from now on; each works on objects, not on what is asked about the bucket. */
export type S3Fault =
  /** Answers 200 and keeps nothing. */
  | 'lose'
  /** Answers 200, keeps half, and says so. */
  | 'truncate'
  /** Answers 200, keeps all with one bit changed, and goes on telling size and checksum of what was sent. */
  | 'flip'
  /** Keeps half, and goes on telling size and checksum of what was sent. */
  | 'truncate-secretly'
  /** Stores, then closes the connection without an answer; once. */
  | 'lose-answer'
  /** Accepts the request and never answers. */
  | 'hang'
  /** Sends half of a body and closes the connection. */
  | 'cut'
  /** 503 for the next `count` requests. */
  | 'busy'
  /** Answers 200 with an error in the body when the parts of a large upload are put together. */
  | 'fail-completing'
  /** 501 for every conditional write. */
  | 'no-conditions';

export interface FakeS3User extends Credentials {
  readonly allows: readonly ('read' | 'write' | 'remove' | 'list')[];
}

export interface FakeS3Options {
  readonly bucket: string;
  readonly region: string;
  readonly users: readonly FakeS3User[];
  /** Objects of one page of a list. */
  readonly pageSize?: number;
  readonly minPartBytes?: number;
}

interface Kept {
  body: Buffer;
  readonly told: { readonly bytes: number; readonly checksum: string | null };
  readonly etag: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly lockedUntil: number | null;
}

export interface FakeS3 {
  readonly endpoint: string;
  readonly objects: Map<string, Kept>;
  /** `METHOD key code` of each request, in order. */
  readonly requests: string[];
  /** Uploads in parts that were neither put together nor given up. */
  readonly openUploads: () => number;
  break(fault: S3Fault | null, count?: number): void;
  close(): Promise<void>;
}

interface Call {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  readonly user: FakeS3User;
}

class S3Refusal extends Error {
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, headers: Readonly<Record<string, string>> = {}) {
    super(code);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

interface Part {
  readonly body: Buffer;
  readonly etag: string;
  readonly checksum: string;
}

/**
 * An S3 server that is stricter than most: it checks signatures, clocks, payload hashes, Content-MD5, checksums, part
 * sizes, ETags and conditions. And it can be told to lie.
 */
export async function startFakeS3(options: FakeS3Options): Promise<FakeS3> {
  const { bucket, region, users, pageSize = 1000, minPartBytes = 5 * 2 ** 20 } = options;
  const objects = new Map<string, Kept>();
  const uploads = new Map<
    string,
    { readonly key: string; readonly headers: IncomingMessage['headers']; readonly parts: Map<number, Part> }
  >();
  const requests: string[] = [];
  let fault: S3Fault | null = null;
  let left = Number.POSITIVE_INFINITY;

  const keep = (
    key: string,
    call: { body: Buffer; headers: IncomingMessage['headers'] },
    facts: { etag: string; checksum: string | null },
  ): void => {
    const { body, headers } = call;
    if (fault === 'lose') return;
    const half = body.subarray(0, Math.floor(body.length / 2));
    const kept = Buffer.from(fault === 'truncate' || fault === 'truncate-secretly' ? half : body);
    if (fault === 'flip' && kept.length > 0) {
      const at = Math.floor(kept.length / 2);
      kept[at] = kept[at]! ^ 1;
    }
    const until = Date.parse(String(headers['x-amz-object-lock-retain-until-date'] ?? ''));
    objects.set(key, {
      body: kept,
      told:
        fault === 'truncate'
          ? { bytes: kept.length, checksum: null }
          : { bytes: body.length, checksum: facts.checksum },
      etag: facts.etag,
      metadata: Object.fromEntries(
        Object.entries(headers).flatMap(([name, value]) =>
          name.startsWith('x-amz-meta-') ? [[name, String(value)]] : [],
        ),
      ),
      lockedUntil: Number.isNaN(until) ? null : until,
    });
  };

  const requireAbsent = ({ request, key }: Call): void => {
    const condition = request.headers['if-none-match'];
    if (condition === undefined) return;
    if (fault === 'no-conditions') throw new S3Refusal(501, 'NotImplemented');
    if (condition !== '*') throw new S3Refusal(400, 'InvalidArgument');
    if (objects.has(key)) throw new S3Refusal(412, 'PreconditionFailed');
  };

  const put = (call: Call): Answer => {
    const { request, body, key, query } = call;
    const checksum = checkBody(request, body);
    const etag = `"${createHash('md5').update(body).digest('hex')}"`;
    const headers = { etag, 'x-amz-checksum-sha256': checksum };
    const uploadId = query.get('uploadId');
    if (uploadId === null) {
      requireAbsent(call);
      keep(key, { body, headers: request.headers }, { etag, checksum });
      return { status: 200, headers };
    }
    const upload = uploads.get(uploadId);
    const number = Number(query.get('partNumber'));
    if (upload === undefined || upload.key !== key) throw new S3Refusal(404, 'NoSuchUpload');
    if (!Number.isInteger(number) || number < 1 || number > 10_000) throw new S3Refusal(400, 'InvalidArgument');
    upload.parts.set(number, { body, etag, checksum });
    return { status: 200, headers };
  };

  const post = (call: Call): Answer => {
    const { request, body, key, query } = call;
    checkBody(request, body);
    if (query.has('uploads')) {
      const id = randomUUID();
      uploads.set(id, { key, headers: request.headers, parts: new Map() });
      return xml(`<InitiateMultipartUploadResult><UploadId>${id}</UploadId></InitiateMultipartUploadResult>`);
    }
    const id = query.get('uploadId') ?? '';
    const upload = uploads.get(id);
    if (upload === undefined) throw new S3Refusal(404, 'NoSuchUpload');
    requireAbsent(call);
    const wanted = [...body.toString('utf8').matchAll(/<PartNumber>(\d+)<\/PartNumber><ETag>([^<]+)<\/ETag>/g)];
    const parts = wanted.map(([, number = '', etag = ''], index) => {
      const part = upload.parts.get(Number(number));
      if (part === undefined || part.etag !== etag.replaceAll('&quot;', '"')) throw new S3Refusal(400, 'InvalidPart');
      if (Number(number) !== index + 1) throw new S3Refusal(400, 'InvalidPartOrder');
      if (index < wanted.length - 1 && part.body.length < minPartBytes) throw new S3Refusal(400, 'EntityTooSmall');
      return part;
    });
    if (parts.length === 0) throw new S3Refusal(400, 'MalformedXML');
    if (fault === 'fail-completing') return xml('<Error><Code>InternalError</Code></Error>');
    const whole = createHash('sha256');
    for (const part of parts) whole.update(Buffer.from(part.checksum, 'base64'));
    const checksum = `${whole.digest('base64')}-${parts.length}`;
    const etag = `"${randomUUID().replaceAll('-', '')}-${parts.length}"`;
    keep(key, { body: Buffer.concat(parts.map((part) => part.body)), headers: upload.headers }, { etag, checksum });
    uploads.delete(id);
    return xml(
      `<CompleteMultipartUploadResult><ETag>${etag.replaceAll('"', '&quot;')}</ETag><ChecksumSHA256>${checksum}</ChecksumSHA256></CompleteMultipartUploadResult>`,
    );
  };

  const get = ({ request, key, query, method }: Call): Answer => {
    if (key === '') return list(query);
    const kept = objects.get(key);
    if (kept === undefined) throw new S3Refusal(404, 'NoSuchKey');
    const asked = request.headers['x-amz-checksum-mode'] === 'ENABLED' && kept.told.checksum !== null;
    const headers: Record<string, string> = {
      etag: kept.etag,
      ...kept.metadata,
      ...(asked ? { 'x-amz-checksum-sha256': kept.told.checksum ?? '' } : {}),
    };
    if (method === 'HEAD') return { status: 200, headers: { ...headers, 'content-length': String(kept.told.bytes) } };
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '');
    if (range === null) return { status: 200, headers, body: kept.body };
    const [from, to] = [Number(range[1]), Number(range[2])];
    if (from >= kept.body.length) throw new S3Refusal(416, 'InvalidRange');
    const part = kept.body.subarray(from, to + 1);
    return {
      status: 206,
      headers: { ...headers, 'content-range': `bytes ${from}-${from + part.length - 1}/${kept.body.length}` },
      body: part,
    };
  };

  const list = (query: URLSearchParams): Answer => {
    if (query.get('list-type') !== '2') throw new S3Refusal(400, 'InvalidArgument');
    const prefix = query.get('prefix') ?? '';
    const after = query.get('continuation-token') ?? '';
    const names = [...objects.keys()].filter((name) => name.startsWith(prefix) && name > after).sort();
    const page = names.slice(0, pageSize);
    const rows = page.map(
      (name) => `<Contents><Key>${name}</Key><Size>${objects.get(name)!.told.bytes}</Size></Contents>`,
    );
    const isMore = names.length > page.length;
    const next = isMore ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : '';
    return xml(`<ListBucketResult><IsTruncated>${isMore}</IsTruncated>${rows.join('')}${next}</ListBucketResult>`);
  };

  const remove = ({ key, query }: Call): Answer => {
    const uploadId = query.get('uploadId');
    if (uploadId !== null) uploads.delete(uploadId);
    else {
      if ((objects.get(key)?.lockedUntil ?? 0) > Date.now()) throw new S3Refusal(403, 'AccessDenied');
      objects.delete(key);
    }
    return { status: 204 };
  };

  const answer = async (request: IncomingMessage, body: Buffer): Promise<Answer> => {
    const target = request.url ?? '/';
    const url = new URL(target, 'http://fake');
    const credentialsOf = (id: string): FakeS3User | undefined => users.find(({ accessKeyId }) => accessKeyId === id);
    const method = request.method ?? 'GET';
    const wrong = signatureFault({ method, target, headers: request.headers }, credentialsOf, {
      region,
      now: Date.now(),
    });
    if (wrong === 'AuthorizationHeaderMalformed') throw new S3Refusal(400, wrong, { 'x-amz-bucket-region': region });
    if (wrong !== null) throw new S3Refusal(403, wrong);
    const [, inBucket = '', ...rest] = url.pathname.split('/');
    if (inBucket !== bucket) throw new S3Refusal(404, 'NoSuchBucket');
    const id = /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const call: Call = {
      request,
      method,
      key: decodeURIComponent(rest.join('/')),
      query: url.searchParams,
      body,
      user: credentialsOf(id)!,
    };
    const right =
      method === 'PUT' || method === 'POST' || url.searchParams.has('uploadId')
        ? 'write'
        : method === 'DELETE'
          ? 'remove'
          : call.key === ''
            ? 'list'
            : 'read';
    if (!call.user.allows.includes(right)) throw new S3Refusal(403, 'AccessDenied');
    if (method === 'PUT') return put(call);
    if (method === 'POST') return post(call);
    return method === 'DELETE' ? remove(call) : get(call);
  };

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const isDue = fault !== null && left > 0;
    if (isDue) left -= 1;
    if (isDue && fault === 'hang') return;
    const result =
      isDue && fault === 'busy'
        ? refusal(new S3Refusal(503, 'SlowDown'))
        : await answer(request, Buffer.concat(chunks)).catch((error: unknown) => {
            if (error instanceof S3Refusal) return refusal(error);
            throw error;
          });
    requests.push(`${request.method} ${request.url?.split('?')[0]} ${result.status}`);
    if (isDue && fault === 'lose-answer' && request.method !== 'GET') {
      fault = null;
      request.socket.destroy();
      return;
    }
    const body = Buffer.from(result.body ?? '');
    response.writeHead(result.status, { 'content-length': body.length, ...result.headers });
    if (isDue && fault === 'cut' && request.method === 'GET') {
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.destroy());
      return;
    }
    response.end(request.method === 'HEAD' ? undefined : body);
  };

  const server = createServer((request, response) => {
    void serve(request, response).catch(() => request.socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    requests,
    openUploads: () => uploads.size,
    break: (next, count = Number.POSITIVE_INFINITY) => {
      fault = next;
      left = count;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Returns the checksum in base64. */
function checkBody({ headers }: IncomingMessage, body: Buffer): string {
  const digest = createHash('sha256').update(body).digest();
  if (headers['x-amz-content-sha256'] !== digest.toString('hex')) throw new S3Refusal(400, 'XAmzContentSHA256Mismatch');
  const checksum = headers['x-amz-checksum-sha256'];
  if (checksum !== undefined && checksum !== digest.toString('base64')) throw new S3Refusal(400, 'BadDigest');
  const md5 = headers['content-md5'];
  if (md5 !== undefined && md5 !== createHash('md5').update(body).digest('base64'))
    throw new S3Refusal(400, 'BadDigest');
  return digest.toString('base64');
}

function refusal({ status, code, headers }: S3Refusal): Answer {
  return { status, headers, body: `<?xml version="1.0"?><Error><Code>${code}</Code><Message>no</Message></Error>` };
}

function xml(body: string): Answer {
  return {
    status: 200,
    headers: { 'content-type': 'application/xml' },
    body: `<?xml version="1.0" encoding="UTF-8"?>${body}`,
  };
}
