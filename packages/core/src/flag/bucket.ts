import { hashWithPrefix } from './murmur.ts';

/** The largest sum of weights that flagd allows: 2^31 - 1. */
export const maximumTotalWeight = 2_147_483_647;

/** Number of hash groups of a rollout's units. */
export const groupCount = 32;

/**
 * Where a hash falls among `totalWeight` equal parts: `floor(hash * totalWeight / 2^32)`, exactly, for an unsigned
 * 32-bit `hash` and `totalWeight` up to 2^31 - 1. This is flagd's `fractional`, second generation (`flagd-v2`).
 */
export function bucketOf(hash: number, totalWeight: number): number {
  // The product has up to 63 bits. Halves of the hash keep every step below 2^53, and floor(floor(x) / n) = floor(x / n).
  const high = (hash >>> 16) * totalWeight;
  const low = (hash & 0xffff) * totalWeight;
  return Math.floor((high + Math.floor(low / 0x10000)) / 0x10000);
}

/**
 * The group of a unit, 0 to 31, by a hash of its own: another seed than bucketing, so a group says nothing about a
 * side. Control outcomes are counted by group to measure how unalike users are.
 */
export function groupOf(targetingKey: string): number {
  return hashForGroup(targetingKey) >>> 27;
}

/** 2^32 divided by the golden ratio: any fixed number other than bucketing's zero would do. */
const groupSeed = 0x9e3779b9;
const hashForGroup = hashWithPrefix('', groupSeed);
