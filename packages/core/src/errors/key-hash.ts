import { murmur3 } from '../flag/murmur.ts';

const SEEDS = [0x9747b28c, 0x5bd1e995] as const;

/** 64 bits of a text as 16 hexadecimal digits: two murmur3 of different seeds. Not for secrets. */
export function keyHash(text: string): string {
  return SEEDS.map((seed) => murmur3(text, seed).toString(16).padStart(8, '0')).join('');
}
