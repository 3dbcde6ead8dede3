import { randomUUID } from 'node:crypto';
import { BelayError } from '@belay/core';
import type { LeaseRequest, SafetyLease } from '@belay/protocol';
import type { Catalogue } from './catalogue/catalogue.ts';

/** The fence between backups and those who change the database: while a lease is held, scheduled backups wait. */
export interface Leases {
  list(): Promise<readonly SafetyLease[]>;
  /** A second request of the same holder renews. Another holder of the same source gets `backup.busy`. */
  acquire(request: LeaseRequest): Promise<SafetyLease>;
  release(id: string): Promise<void>;
  /** Throws `backup.busy` when somebody but the holder of `own` has a lease on the source. */
  requireFree(source: string, own: string | undefined): Promise<void>;
}

export function createLeases(catalogue: Catalogue, clock: { now(): number }): Leases {
  const list = () => catalogue.leases(clock.now());
  return {
    list,
    async acquire({ source = null, holder, reason, ttl_seconds }) {
      const held = (await list()).filter((lease) => overlaps(lease.source, source));
      const other = held.find((lease) => lease.holder !== holder);
      if (other !== undefined) throw busy(other);
      const now = clock.now();
      const same = held.find((lease) => lease.source === source);
      const lease: SafetyLease = {
        id: same?.id ?? randomUUID(),
        source,
        holder,
        reason,
        acquiredAt: same?.acquiredAt ?? now,
        expiresAt: now + ttl_seconds * 1000,
      };
      await catalogue.saveLease(lease);
      return lease;
    },
    async release(id) {
      if (await catalogue.removeLease(id)) return;
      throw new BelayError('backup.not-found', `There is no lease ${id.slice(0, 64)}.`, {
        hint: 'It may have ended by itself: `belay backup lease` shows those that are held.',
      });
    },
    async requireFree(source, own) {
      const other = (await list()).find((lease) => lease.id !== own && overlaps(lease.source, source));
      if (other !== undefined) throw busy(other);
    },
  };
}

function overlaps(a: string | null, b: string | null): boolean {
  return a === null || b === null || a === b;
}

function busy({ holder, reason, source, expiresAt }: SafetyLease): BelayError {
  const what = source ?? 'every source';
  return new BelayError(
    'backup.busy',
    `${holder} holds ${what} until ${new Date(expiresAt).toISOString()} (${reason}).`,
    {
      hint: 'Wait, or end it: belay backup release <id>. It ends by itself when its holder died.',
    },
  );
}
