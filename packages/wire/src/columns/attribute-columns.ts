import { createUtf8Decoder } from '../otlp/utf8.ts';
import {
  appendRange,
  appendVarint,
  appendWord,
  type ByteBuffer,
  clearBytes,
  clearWords,
  createByteBuffer,
  createWordBuffer,
  takeBytes,
  takeWords,
  type WordBuffer,
} from './byte-buffer.ts';
import {
  type ByteDictionary,
  clearDictionary,
  createByteDictionary,
  entryText,
  intern,
  isEntry,
} from './byte-dictionary.ts';
import { admit, appendAdmitted, appendText, redactAdmitted, type TextIntake } from './text-intake.ts';

/** Attributes of many items: how many each has, then all keys and all values one after the other. */
export interface AttributeColumns {
  /** Attributes of each item. */
  readonly counts: Uint32Array;
  /** Keys, as indices into the texts of the request's keys. */
  readonly keys: Uint32Array;
  /** Values as ClickHouse writes Strings: each one's length as varint, then its bytes. */
  readonly values: Uint8Array;
}

/** Attributes while a request is read. */
export interface AttributeDraft {
  readonly counts: WordBuffer;
  readonly keys: WordBuffer;
  readonly values: ByteBuffer;
  /** Where the last clean value of each key stands in `values`, and its length; what equals it needs no check. */
  readonly lastStart: WordBuffer;
  readonly lastLength: WordBuffer;
}

/** What a key means for columns of their own. */
export const keyRole = { route: 1, status: 2, oldStatus: 4, told: 8, eventName: 16, flag: 32, variant: 64 } as const;

/** The distinct attribute keys of a request, with what is known of each. */
export interface KeyTable {
  readonly dictionary: ByteDictionary;
  readonly roles: number[];
  /** Rule by which every value of the key is taken out. */
  readonly rules: (string | undefined)[];
  /** The key that stood at each position of the item before; most items have the same ones in the same order. */
  readonly expected: WordBuffer;
}

const ROLES: ReadonlyMap<string, number> = new Map([
  ['http.route', keyRole.route],
  ['http.response.status_code', keyRole.status],
  ['http.status_code', keyRole.oldStatus],
  ['event.name', keyRole.eventName],
  ['feature_flag.key', keyRole.flag | keyRole.told],
  ['feature_flag.result.variant', keyRole.variant | keyRole.told],
]);

const decoder = createUtf8Decoder();

/** Starts empty attribute columns. */
export function createAttributeDraft(): AttributeDraft {
  return {
    counts: createWordBuffer(),
    keys: createWordBuffer(),
    values: createByteBuffer(),
    lastStart: createWordBuffer(),
    lastLength: createWordBuffer(),
  };
}

/** Starts a table of keys; `seed` as in `createByteDictionary`. */
export function createKeyTable(seed: number): KeyTable {
  return { dictionary: createByteDictionary(seed), roles: [0], rules: [undefined], expected: createWordBuffer() };
}

/** Empties a draft for the next request. */
export function clearAttributes(draft: AttributeDraft): void {
  clearWords(draft.counts);
  clearWords(draft.keys);
  clearBytes(draft.values);
  forgetValues(draft);
}

/** Must be called whenever `values` is shortened. */
export function forgetValues({ lastStart, lastLength }: AttributeDraft): void {
  clearWords(lastStart);
  clearWords(lastLength);
}

/** Forgets all keys. */
export function clearKeys(keys: KeyTable): void {
  clearDictionary(keys.dictionary);
  keys.roles.length = 1;
  keys.rules.length = 1;
  clearWords(keys.expected);
}

/** Copies of the columns. */
export function takeAttributes({ counts, keys, values }: AttributeDraft): AttributeColumns {
  return { counts: takeWords(counts), keys: takeWords(keys), values: takeBytes(values) };
}

/** Entry of the key in `intake.admitted`, the `position`-th of its item. */
export function keyEntry(keys: KeyTable, intake: TextIntake, position: number): number {
  const { dictionary, expected } = keys;
  if (position < expected.length) {
    const guess = expected.words[position] ?? 0;
    if (isEntry(dictionary, guess, intake.admitted)) return guess;
  }
  admit(intake, 'an attribute key');
  const entry = intern(dictionary, intake.admitted);
  if (entry >= keys.roles.length) {
    const text = entryText(dictionary, entry);
    const isTold = text.startsWith('feature_flag.') || text.startsWith('exception.');
    keys.roles.push(ROLES.get(text) ?? (isTold ? keyRole.told : 0));
    keys.rules.push(intake.redactor.keyRule(text));
  }
  if (position < expected.length) expected.words[position] = entry;
  else if (position === expected.length) appendWord(expected, entry);
  return entry;
}

/** Appends the text in `intake.admitted` as the value of a key, without its secrets. */
export function pushTextValue(draft: AttributeDraft, intake: TextIntake, key: number, rule: string | undefined): void {
  appendWord(draft.keys, key);
  const { values } = draft;
  const { admitted } = intake;
  if (rule !== undefined && admitted.start < admitted.end) {
    appendText(values, intake.redactor.placeholder(rule, intake.redacted));
    return;
  }
  const length = admitted.end - admitted.start;
  if (isLastValue(draft, key, intake)) {
    appendVarint(values, length);
    appendRange(values, admitted.bytes, admitted.start, admitted.end);
    return;
  }
  const isSame = admit(intake, 'an attribute value');
  const isClean = redactAdmitted(intake);
  appendAdmitted(values, intake);
  if (isSame && isClean) rememberValue(draft, key, length);
}

/** Appends a value that is made of digits, or of true or false. */
export function pushPlainValue(draft: AttributeDraft, key: number, text: string): void {
  appendWord(draft.keys, key);
  appendText(draft.values, text);
}

function isLastValue({ lastStart, lastLength, values }: AttributeDraft, key: number, intake: TextIntake): boolean {
  const { bytes, start, end } = intake.admitted;
  const length = end - start;
  if (key >= lastStart.length || lastLength.words[key] !== length) return false;
  const from = lastStart.words[key] ?? 0;
  const own = values.bytes;
  for (let i = 0; i < length; i += 1) if (own[from + i] !== bytes[start + i]) return false;
  return true;
}

function rememberValue({ lastStart, lastLength, values }: AttributeDraft, key: number, length: number): void {
  while (lastStart.length <= key) {
    appendWord(lastStart, 0);
    appendWord(lastLength, 0xffff_ffff);
  }
  lastStart.words[key] = values.length - length;
  lastLength.words[key] = length;
}

/** Flat texts of the attributes from `from` on, whose values begin at `at`. */
export function flatTexts(
  draft: AttributeDraft,
  keys: KeyTable,
  place: { readonly from: number; readonly at: number },
): string[] {
  const flat: string[] = [];
  let { at } = place;
  for (let i = place.from; i < draft.keys.length; i += 1) {
    const value = valueAt(draft.values, at);
    flat.push(
      entryText(keys.dictionary, draft.keys.words[i] ?? 0),
      decoder.decode(draft.values.bytes.subarray(value.start, value.end)),
    );
    at = value.end;
  }
  return flat;
}

/** Where the text lies whose length stands at `at`. */
export function valueAt({ bytes }: ByteBuffer, at: number): { start: number; end: number } {
  let length = 0;
  let start = at;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[start] ?? 0;
    start += 1;
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { start, end: start + length };
  }
}
