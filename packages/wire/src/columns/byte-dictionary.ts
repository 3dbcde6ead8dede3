import { createUtf8Decoder } from '../otlp/utf8.ts';
import {
  appendRange,
  appendWord,
  type ByteBuffer,
  clearBytes,
  clearWords,
  createByteBuffer,
  createWordBuffer,
  type WordBuffer,
} from './byte-buffer.ts';

/** The distinct texts of a column of one request, found by their bytes; entry 0 is the empty text. */
export interface ByteDictionary {
  readonly arena: ByteBuffer;
  /** Where each entry ends in the arena. */
  readonly ends: WordBuffer;
  /** Hash of each entry. */
  readonly hashes: WordBuffer;
  /** Entry plus one by hash, with linear probing. */
  slots: Int32Array;
  readonly seed: number;
}

/** A stretch of bytes. */
export interface ByteRange {
  bytes: Uint8Array;
  start: number;
  end: number;
}

/** Rows of a column that repeats its texts: `texts[indices[row]]`. */
export interface TextColumn {
  readonly texts: readonly string[];
  readonly indices: Uint32Array;
}

const FIRST_SLOTS = 256;
const decoder = createUtf8Decoder();

/** A secret `seed` keeps senders from choosing texts whose hashes collide. */
export function createByteDictionary(seed: number): ByteDictionary {
  const dictionary: ByteDictionary = {
    arena: createByteBuffer(),
    ends: createWordBuffer(),
    hashes: createWordBuffer(),
    slots: new Int32Array(FIRST_SLOTS),
    seed,
  };
  clearDictionary(dictionary);
  return dictionary;
}

/** Forgets everything but the empty text. */
export function clearDictionary(dictionary: ByteDictionary): void {
  clearBytes(dictionary.arena);
  clearWords(dictionary.ends);
  clearWords(dictionary.hashes);
  if (dictionary.slots.length > FIRST_SLOTS) dictionary.slots = new Int32Array(FIRST_SLOTS);
  else dictionary.slots.fill(0);
  appendWord(dictionary.ends, 0);
  appendWord(dictionary.hashes, 0);
}

/** Entry with the bytes of a range, which must be valid UTF-8; added where it is new. */
export function intern(dictionary: ByteDictionary, range: ByteRange): number {
  if (range.start === range.end) return 0;
  const hash = hashOf(range, dictionary.seed);
  const { slots, hashes } = dictionary;
  const mask = slots.length - 1;
  for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
    const entry = (slots[slot] ?? 0) - 1;
    if (entry < 0) return add(dictionary, range, hash);
    if (hashes.words[entry] === hash && isEntry(dictionary, entry, range)) return entry;
  }
}

/** Whether an entry has the bytes of a range. */
export function isEntry({ arena, ends }: ByteDictionary, entry: number, { bytes, start, end }: ByteRange): boolean {
  const from = entry === 0 ? 0 : (ends.words[entry - 1] ?? 0);
  const length = end - start;
  if ((ends.words[entry] ?? 0) - from !== length) return false;
  const own = arena.bytes;
  for (let i = 0; i < length; i += 1) if (own[from + i] !== bytes[start + i]) return false;
  return true;
}

/** Text of an entry. */
export function entryText({ arena, ends }: ByteDictionary, entry: number): string {
  const from = entry === 0 ? 0 : (ends.words[entry - 1] ?? 0);
  return decoder.decode(arena.bytes.subarray(from, ends.words[entry] ?? 0));
}

/** All entries as texts. */
export function entryTexts(dictionary: ByteDictionary): string[] {
  return Array.from({ length: dictionary.ends.length }, (_, entry) => entryText(dictionary, entry));
}

function add(dictionary: ByteDictionary, { bytes, start, end }: ByteRange, hash: number): number {
  const entry = dictionary.ends.length;
  appendRange(dictionary.arena, bytes, start, end);
  appendWord(dictionary.ends, dictionary.arena.length);
  appendWord(dictionary.hashes, hash);
  if (2 * entry >= dictionary.slots.length) grow(dictionary);
  else place(dictionary, entry, hash);
  return entry;
}

function grow(dictionary: ByteDictionary): void {
  dictionary.slots = new Int32Array(4 * dictionary.slots.length);
  for (let entry = 1; entry < dictionary.ends.length; entry += 1) {
    place(dictionary, entry, dictionary.hashes.words[entry] ?? 0);
  }
}

function place({ slots }: ByteDictionary, entry: number, hash: number): void {
  const mask = slots.length - 1;
  let slot = hash & mask;
  while ((slots[slot] ?? 0) !== 0) slot = (slot + 1) & mask;
  slots[slot] = entry + 1;
}

/** FNV-1a with a seed and a final mix. */
function hashOf({ bytes, start, end }: ByteRange, seed: number): number {
  let hash = 0x811c9dc5 ^ seed;
  for (let i = start; i < end; i += 1) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
  return (hash ^ (hash >>> 13)) >>> 0;
}
