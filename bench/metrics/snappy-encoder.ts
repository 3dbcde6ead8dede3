import { varint } from './protobuf.ts';

const HASH_BITS = 14;

/** Compresses as snappy's own encoder does: copies of four bytes and more found through a hash of the last ones seen. */
export function compressSnappy(input: Buffer): Buffer {
  const parts: Buffer[] = [varint(input.length)];
  const table = new Int32Array(1 << HASH_BITS).fill(-1);
  let literal = 0;
  let at = 0;
  while (at + 4 <= input.length) {
    const word = input.readUInt32LE(at);
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - HASH_BITS);
    const from = table[slot] ?? -1;
    table[slot] = at;
    if (from < 0 || at - from > 65_535 || input.readUInt32LE(from) !== word) {
      at += 1;
      continue;
    }
    let length = 4;
    while (at + length < input.length && length < 64 && input[from + length] === input[at + length]) length += 1;
    if (literal < at) parts.push(literalOf(input.subarray(literal, at)));
    const back = at - from;
    parts.push(Buffer.of(((length - 1) << 2) | 2, back & 0xff, back >> 8));
    at += length;
    literal = at;
  }
  if (literal < input.length) parts.push(literalOf(input.subarray(literal)));
  return Buffer.concat(parts);
}

function literalOf(bytes: Buffer): Buffer {
  const rest = bytes.length - 1;
  if (rest < 60) return Buffer.concat([Buffer.of(rest << 2), bytes]);
  if (rest < 256) return Buffer.concat([Buffer.of(60 << 2, rest), bytes]);
  if (rest < 65_536) return Buffer.concat([Buffer.of(61 << 2, rest & 0xff, rest >> 8), bytes]);
  return Buffer.concat([Buffer.of(62 << 2, rest & 0xff, (rest >> 8) & 0xff, rest >> 16), bytes]);
}
