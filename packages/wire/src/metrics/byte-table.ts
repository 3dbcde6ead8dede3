/** Finds values by bytes, without making a text or a copy of the bytes that are asked for. */
export interface ByteTable<Value> {
  /** Value of `bytes[start, end)` within a scope; undefined when it is not there or was dropped. */
  get(scope: number, key: ByteKey): Value | undefined;
  /** Keeps a value for the bytes that {@link ByteTable.get} was asked for last, in the place of the one it had. */
  setLast(value: Value): void;
  size(): number;
}

/** A stretch of bytes. */
export interface ByteKey {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  start: number;
  end: number;
}

/** Bounds of a {@link ByteTable}: each of its two generations holds at most this. */
export interface ByteTableLimits {
  readonly entries: number;
  readonly bytes: number;
  /** Start of the hash; a secret one keeps senders from choosing keys that collide. */
  readonly seed: number;
}

interface Generation<Value> {
  slots: Int32Array;
  hashes: Int32Array;
  scopes: Int32Array;
  starts: Int32Array;
  lengths: Int32Array;
  values: Value[];
  arena: Uint8Array;
  view: DataView;
  used: number;
}

const FIRST_ENTRIES = 1024;
const FIRST_BYTES = 65_536;
/** Keys chosen to collide must not turn a look-up into a walk through everything. */
const LONGEST_PROBE = 64;

/**
 * An open-addressing table in two generations: when the young one is full it becomes the old one, and what the old one
 * still held is dropped unless it was asked for meanwhile. Memory is bounded by twice the limits.
 */
export function createByteTable<Value>(limits: ByteTableLimits): ByteTable<Value> {
  let young = emptyGeneration<Value>();
  let old = emptyGeneration<Value>();
  let last = { scope: 0, hash: 0, key: undefined as ByteKey | undefined, entry: -1 };

  const insert = (value: Value): void => {
    const { key, scope, hash, entry } = last;
    if (key === undefined) return;
    if (entry >= 0) {
      young.values[entry] = value;
      return;
    }
    const length = key.end - key.start;
    if (length > limits.bytes) return;
    if (young.values.length >= limits.entries || young.used + length > limits.bytes) {
      old = young;
      young = emptyGeneration<Value>();
    }
    last.entry = add(young, { key, scope, hash, value });
  };
  return {
    get(scope, key) {
      const hash = hashOf(key, limits.seed ^ scope);
      const found = find(young, hash, scope, key);
      last = { scope, hash, key, entry: found };
      if (found >= 0) return young.values[found];
      const before = find(old, hash, scope, key);
      if (before < 0) return undefined;
      const value = old.values[before];
      if (value !== undefined) insert(value);
      return value;
    },
    setLast: insert,
    size: () => young.values.length + old.values.length,
  };
}

function emptyGeneration<Value>(): Generation<Value> {
  const arena = new Uint8Array(FIRST_BYTES);
  return {
    slots: new Int32Array(4 * FIRST_ENTRIES).fill(-1),
    hashes: new Int32Array(FIRST_ENTRIES),
    scopes: new Int32Array(FIRST_ENTRIES),
    starts: new Int32Array(FIRST_ENTRIES),
    lengths: new Int32Array(FIRST_ENTRIES),
    values: [],
    arena,
    view: new DataView(arena.buffer),
    used: 0,
  };
}

function find<Value>(generation: Generation<Value>, hash: number, scope: number, key: ByteKey): number {
  const { slots, hashes, scopes, lengths } = generation;
  const mask = slots.length - 1;
  const length = key.end - key.start;
  for (let probe = 0; probe < LONGEST_PROBE; probe += 1) {
    const entry = slots[(hash + probe) & mask] ?? -1;
    if (entry < 0) return -1;
    if (hashes[entry] !== hash || scopes[entry] !== scope || lengths[entry] !== length) continue;
    if (isSame(generation, entry, key)) return entry;
  }
  return -1;
}

function isSame<Value>({ arena, view, starts }: Generation<Value>, entry: number, key: ByteKey): boolean {
  let at = key.start;
  let kept = starts[entry] ?? 0;
  const wholeWords = key.end - 3;
  for (; at < wholeWords; at += 4, kept += 4) {
    if (key.view.getInt32(at, true) !== view.getInt32(kept, true)) return false;
  }
  for (; at < key.end; at += 1, kept += 1) if (key.bytes[at] !== arena[kept]) return false;
  return true;
}

interface NewEntry<Value> {
  readonly key: ByteKey;
  readonly scope: number;
  readonly hash: number;
  readonly value: Value;
}

/** Returns the entry's number; -1 when there is no place for it. */
function add<Value>(generation: Generation<Value>, { key, scope, hash, value }: NewEntry<Value>): number {
  const length = key.end - key.start;
  const entry = generation.values.length;
  if (entry >= generation.hashes.length) growEntries(generation);
  reserveBytes(generation, length);
  if (!place(generation.slots, hash, entry)) return -1;
  generation.arena.set(key.bytes.subarray(key.start, key.end), generation.used);
  generation.hashes[entry] = hash;
  generation.scopes[entry] = scope;
  generation.starts[entry] = generation.used;
  generation.lengths[entry] = length;
  generation.values.push(value);
  generation.used += length;
  return entry;
}

function place(slots: Int32Array, hash: number, entry: number): boolean {
  const mask = slots.length - 1;
  for (let probe = 0; probe < LONGEST_PROBE; probe += 1) {
    const slot = (hash + probe) & mask;
    if ((slots[slot] ?? -1) >= 0) continue;
    slots[slot] = entry;
    return true;
  }
  return false;
}

function growEntries<Value>(generation: Generation<Value>): void {
  const size = 2 * generation.hashes.length;
  generation.hashes = grown(generation.hashes, size);
  generation.scopes = grown(generation.scopes, size);
  generation.starts = grown(generation.starts, size);
  generation.lengths = grown(generation.lengths, size);
  generation.slots = new Int32Array(4 * size).fill(-1);
  for (let entry = 0; entry < generation.values.length; entry += 1) {
    place(generation.slots, generation.hashes[entry] ?? 0, entry);
  }
}

function grown(array: Int32Array, size: number): Int32Array {
  const larger = new Int32Array(size);
  larger.set(array);
  return larger;
}

function reserveBytes<Value>(generation: Generation<Value>, length: number): void {
  if (generation.used + length <= generation.arena.length) return;
  const arena = new Uint8Array(Math.max(2 * generation.arena.length, generation.used + length));
  arena.set(generation.arena.subarray(0, generation.used));
  generation.arena = arena;
  generation.view = new DataView(arena.buffer);
}

/** MurmurHash3 (32 bits) by Austin Appleby. */
function hashOf({ bytes, view, start, end }: ByteKey, seed: number): number {
  let hash = seed;
  let at = start;
  const wholeWords = end - 3;
  for (; at < wholeWords; at += 4) {
    let word = Math.imul(view.getInt32(at, true), 0xcc9e2d51);
    word = Math.imul((word << 15) | (word >>> 17), 0x1b873593);
    hash ^= word;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  for (let shift = 0; at < end; at += 1, shift += 8) tail |= (bytes[at] ?? 0) << shift;
  tail = Math.imul(tail, 0xcc9e2d51);
  hash ^= Math.imul((tail << 15) | (tail >>> 17), 0x1b873593);
  hash ^= end - start;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) & 0x7fff_ffff;
}
