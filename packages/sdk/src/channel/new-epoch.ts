import { randomBytes } from 'node:crypto';

/** A name for one life of a channel's log, which no other life has. */
export function newEpoch(): string {
  return randomBytes(6).toString('base64url');
}
