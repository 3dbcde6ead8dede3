import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';

const BYTES = 32;

/** 256 random bits after a prefix that secret scanners can look for. */
export function createSecret(prefix: 'blt' | 'bls' | 'setup'): string {
  return `${prefix}_${randomBytes(BYTES).toString('base64url')}`;
}

/** A plain hash is enough for 256 random bits: there is nothing to guess that a slow hash would protect. */
export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

export function isSameHash(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')];
  return left.length === right.length && timingSafeEqual(left, right);
}

/** Sortable text id. */
export function createId(prefix: string, now: number): string {
  return `${prefix}_${now.toString(36).padStart(9, '0')}${randomBytes(8).toString('hex')}`;
}
