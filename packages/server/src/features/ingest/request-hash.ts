import { hash } from 'node:crypto';

/** Exporters repeat a failed request byte by byte, so its bytes name it. */
export function requestHash(body: Uint8Array, address: string): bigint {
  const digest = hash('sha256', body, 'buffer').readBigUInt64LE();
  return digest ^ hash('sha256', address, 'buffer').readBigUInt64LE();
}
