/**
 * Hashes the UTF-8 bytes of `text` with murmur3-x86-32; an unsigned 32-bit integer. A lone surrogate counts as U+FFFD.
 * Source: A. Appleby, MurmurHash3.cpp, `MurmurHash3_x86_32` (public domain). O(length), allocates nothing.
 */
export function murmur3(text: string, seed = 0): number {
  return resumeHash({ hash: seed | 0, pending: 0, length: 0 }, text);
}

/** A hash of `prefix + text` for many texts; the prefix is read only once. */
export function hashWithPrefix(prefix: string, seed = 0): (text: string) => number {
  // Half a surrogate pair at the end could belong together with the text's first character.
  if (/[\ud800-\udbff]$/.test(prefix)) return (text) => murmur3(prefix + text, seed);
  const state = absorb({ hash: seed | 0, pending: 0, length: 0 }, prefix);
  return (text) => resumeHash(state, text);
}

/** A computation stopped after a prefix, to be resumed with any number of endings. */
interface HashState {
  readonly hash: number;
  /** Bytes not mixed yet, little-endian. */
  readonly pending: number;
  /** Bytes read so far. */
  readonly length: number;
}

function resumeHash(state: HashState, text: string): number {
  let hash = state.hash;
  let pending = state.pending;
  let length = state.length;
  const end = text.length;
  for (let index = 0; index < end; index += 1) {
    const unit = text.charCodeAt(index);
    // Nearly every key is ASCII: the loop handles that alone and starts anew, slower, at the first other character.
    if (unit > 0x7f) return finish(absorb({ hash, pending, length }, text.slice(index)));
    pending |= unit << ((length & 3) << 3);
    length += 1;
    if ((length & 3) === 0) {
      hash = mixBlock(hash, pending);
      pending = 0;
    }
  }
  return finalise(hash, pending, length);
}

function absorb(state: HashState, text: string): HashState {
  let { hash, pending, length } = state;
  for (let index = 0; index < text.length; index += 1) {
    const code = text.codePointAt(index) ?? 0;
    if (code > 0xffff) index += 1;
    const encoded = utf8(code);
    const size = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (let byte = 0; byte < size; byte += 1) {
      pending |= ((encoded >>> (byte << 3)) & 0xff) << ((length & 3) << 3);
      length += 1;
      if ((length & 3) === 0) {
        hash = mixBlock(hash, pending);
        pending = 0;
      }
    }
  }
  return { hash, pending, length };
}

/** The UTF-8 bytes of a code point, first byte lowest. */
function utf8(code: number): number {
  if (code < 0x80) return code;
  if (code < 0x800) return 0xc0 | (code >> 6) | ((0x80 | (code & 0x3f)) << 8);
  if (code >= 0xd800 && code <= 0xdfff) return 0xbdbfef;
  if (code < 0x10000) {
    return 0xe0 | (code >> 12) | ((0x80 | ((code >> 6) & 0x3f)) << 8) | ((0x80 | (code & 0x3f)) << 16);
  }
  return (
    0xf0 |
    (code >> 18) |
    ((0x80 | ((code >> 12) & 0x3f)) << 8) |
    ((0x80 | ((code >> 6) & 0x3f)) << 16) |
    ((0x80 | (code & 0x3f)) << 24)
  );
}

function mixBlock(hash: number, block: number): number {
  const mixed = hash ^ scramble(block);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function scramble(block: number): number {
  const spread = Math.imul(block, 0xcc9e2d51);
  return Math.imul((spread << 15) | (spread >>> 17), 0x1b873593);
}

function finish(state: HashState): number {
  return finalise(state.hash, state.pending, state.length);
}

function finalise(hash: number, pending: number, length: number): number {
  // Scrambling zero gives zero, so an empty rest needs no test.
  let mixed = hash ^ scramble(pending) ^ length;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
