/** A bucket and how to reach it. The secret stays in here: it is never part of a message, a URL or a manifest. */
export interface S3Settings {
  readonly name: string;
  /** `https://s3.eu-central-1.amazonaws.com`, `https://minio.internal:9000`; without the bucket. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** Empty, or ends with "/". */
  readonly prefix: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** `path` works everywhere; `virtual` puts the bucket into the host name, which AWS prefers. */
  readonly addressing: 'path' | 'virtual';
  /** Keeps what is stored from being deleted by anybody for so long. The bucket must have object lock switched on. */
  readonly lock?: { readonly mode: 'GOVERNANCE' | 'COMPLIANCE'; readonly days: number } | undefined;
  /** Longest time for one request, and between two pieces of an answer. */
  readonly timeoutMs?: number | undefined;
  readonly attempts?: number | undefined;
  /** Longest wait before trying again. */
  readonly maxDelayMs?: number | undefined;
  /** Bytes of a part of a large upload; at least 5 MiB at most servers. What is smaller goes in one request. */
  readonly partBytes?: number | undefined;
}
