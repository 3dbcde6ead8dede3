import type { OtlpEncoding, OtlpSignal } from './decode-request.ts';
import { encodeUtf8 } from './utf8.ts';

const REJECTED: Readonly<Record<OtlpSignal, string>> = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
};

/** Options of {@link encodeOtlpSuccess}. */
export interface SuccessOptions {
  readonly signal: OtlpSignal;
  readonly encoding: OtlpEncoding;
  readonly rejected: number;
  /** Warning or reason; empty when everything was taken as it is. */
  readonly message: string;
}

/** Body of a 200 answer; `partial_success` is set only when something was refused or there is a warning. */
export function encodeOtlpSuccess({ signal, encoding, rejected, message }: SuccessOptions): Uint8Array {
  const isFull = rejected === 0 && message === '';
  if (encoding === 'json') {
    const partial = { [REJECTED[signal]]: String(rejected), errorMessage: message };
    return encodeUtf8(JSON.stringify(isFull ? {} : { partialSuccess: partial }));
  }
  if (isFull) return new Uint8Array(0);
  const text = encodeUtf8(message);
  const partial = [...(rejected > 0 ? [0x08, ...varint(rejected)] : []), 0x12, ...varint(text.length), ...text];
  return Uint8Array.from([0x0a, ...varint(partial.length), ...partial]);
}

/** Options of {@link encodeOtlpStatus}. */
export interface StatusOptions {
  readonly encoding: OtlpEncoding;
  /** gRPC code: 3 invalid argument, 8 resource exhausted, 13 internal, 14 unavailable, 7 and 16 access. */
  readonly code: number;
  readonly message: string;
}

/** Body of an error answer: google.rpc.Status. */
export function encodeOtlpStatus({ encoding, code, message }: StatusOptions): Uint8Array {
  if (encoding === 'json') return encodeUtf8(JSON.stringify({ code, message }));
  const text = encodeUtf8(message);
  return Uint8Array.from([0x08, ...varint(code), 0x12, ...varint(text.length), ...text]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 128) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return [...bytes, rest];
}
