import type { ByteKey } from '../metrics/byte-table.ts';
import { type ProtobufContext, readAttribute } from './protobuf-attributes.ts';
import { malformed, type ProtobufCursor, readDouble, readFixed64, readSint32, readVarint } from './protobuf-cursor.ts';
import { readInt64, skipBytes, skipField } from './protobuf-cursor.ts';

/** A data point as it is read: one object is used for all points of a request. */
export interface PointDraft {
  /** Stretches of attribute fields with their tags: start, end, start, end ... Nearly always one stretch. */
  readonly stretches: number[];
  timeMs: number;
  startMs: number;
  /** Where the exemplars stand: start, end ... */
  readonly exemplars: number[];
  flags: number;
  /** Words of a number's bits. */
  low: number;
  high: number;
  count: number;
  sum: number;
  min: number | null;
  max: number | null;
  bounds: number[];
  counts: number[];
  scale: number;
  zeroCount: number;
  zeroThreshold: number;
  positiveOffset: number;
  positive: number[];
  negativeOffset: number;
  negative: number[];
  quantiles: number[];
  values: number[];
}

/** Starts an empty draft. */
export function createPointDraft(): PointDraft {
  const draft = { stretches: [], exemplars: [] };
  return Object.assign(draft, blank());
}

/** Empties a draft. Lists are new, because rows keep them. */
export function clearDraft(draft: PointDraft): void {
  draft.stretches.length = 0;
  draft.exemplars.length = 0;
  Object.assign(draft, blank());
}

function blank(): Omit<PointDraft, 'stretches' | 'exemplars'> {
  return {
    timeMs: 0,
    startMs: 0,
    flags: 0,
    low: 0,
    high: 0,
    count: 0,
    sum: Number.NaN,
    min: null,
    max: null,
    bounds: [],
    counts: [],
    scale: 0,
    zeroCount: 0,
    zeroThreshold: 0,
    positiveOffset: 0,
    positive: [],
    negativeOffset: 0,
    negative: [],
    quantiles: [],
    values: [],
  };
}

/** Reads a NumberDataPoint into the draft; the fields that every point has take the short way. */
export function readNumberPoint(context: ProtobufContext, draft: PointDraft): void {
  const { cursor } = context;
  const { bytes, view } = cursor;
  const outer = openMessage(cursor, POINT);
  draft.stretches.length = 0;
  draft.exemplars.length = 0;
  draft.flags = 0;
  draft.timeMs = 0;
  draft.low = 0;
  draft.high = 0;
  while (cursor.at < cursor.end) {
    const tag = bytes[cursor.at] ?? 0;
    if (tag === 0x3a) takeAttribute(cursor, draft);
    else if (tag === 0x19) draft.timeMs = millisecondsAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x11) skipTagged(cursor, 8);
    else if (tag === 0x21) {
      const at = skipTagged(cursor, 8);
      draft.low = view.getUint32(at, true);
      draft.high = view.getUint32(at + 4, true);
    } else if (tag === 0x31) setBits(draft, integerAt(cursor, skipTagged(cursor, 8)));
    else readRareField(cursor, draft, { exemplars: 5, flags: 8 });
  }
  cursor.end = outer;
}

/** Reads a HistogramDataPoint into the draft. */
export function readHistogramPoint(context: ProtobufContext, draft: PointDraft): void {
  const { cursor, budget } = context;
  const outer = openMessage(cursor, POINT);
  clearDraft(draft);
  while (cursor.at < cursor.end) {
    const tag = cursor.bytes[cursor.at] ?? 0;
    if (tag === 0x4a) takeAttribute(cursor, draft);
    else if (tag === 0x11) draft.startMs = millisecondsAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x19) draft.timeMs = millisecondsAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x21) draft.count = unsignedAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x29) draft.sum = tagged(cursor, readDouble);
    else if (tag === 0x32) tagged(cursor, (at) => readPackedFixed(at, draft.counts, budget.limits.buckets, unsignedAt));
    else if (tag === 0x31) push(cursor, draft.counts, { limit: budget.limits.buckets, read: unsignedAt });
    else if (tag === 0x3a) tagged(cursor, (at) => readPackedFixed(at, draft.bounds, budget.limits.buckets, doubleAt));
    else if (tag === 0x39) push(cursor, draft.bounds, { limit: budget.limits.buckets, read: doubleAt });
    else if (tag === 0x59) draft.min = tagged(cursor, readDouble);
    else if (tag === 0x61) draft.max = tagged(cursor, readDouble);
    else readRareField(cursor, draft, { exemplars: 8, flags: 10 });
  }
  cursor.end = outer;
}

/** Reads an ExponentialHistogramDataPoint into the draft. */
export function readExponentialPoint(context: ProtobufContext, draft: PointDraft): void {
  const { cursor, budget } = context;
  const outer = openMessage(cursor, POINT);
  clearDraft(draft);
  while (cursor.at < cursor.end) {
    const tag = cursor.bytes[cursor.at] ?? 0;
    if (tag === 0x0a) takeAttribute(cursor, draft);
    else if (tag === 0x11) draft.startMs = millisecondsAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x19) draft.timeMs = millisecondsAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x21) draft.count = unsignedAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x29) draft.sum = tagged(cursor, readDouble);
    else if (tag === 0x30) draft.scale = tagged(cursor, readSint32);
    else if (tag === 0x39) draft.zeroCount = unsignedAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x42) draft.positiveOffset = readBuckets(cursor, draft.positive, budget.limits.buckets);
    else if (tag === 0x4a) draft.negativeOffset = readBuckets(cursor, draft.negative, budget.limits.buckets);
    else if (tag === 0x61) draft.min = tagged(cursor, readDouble);
    else if (tag === 0x69) draft.max = tagged(cursor, readDouble);
    else if (tag === 0x71) draft.zeroThreshold = tagged(cursor, readDouble);
    else readRareField(cursor, draft, { exemplars: 11, flags: 10 });
  }
  cursor.end = outer;
}

/** Reads a SummaryDataPoint into the draft. */
export function readSummaryPoint(context: ProtobufContext, draft: PointDraft): void {
  const { cursor, budget } = context;
  const outer = openMessage(cursor, POINT);
  clearDraft(draft);
  while (cursor.at < cursor.end) {
    const tag = cursor.bytes[cursor.at] ?? 0;
    if (tag === 0x3a) takeAttribute(cursor, draft);
    else if (tag === 0x11) draft.startMs = millisecondsAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x19) draft.timeMs = millisecondsAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x21) draft.count = unsignedAt(cursor, skipTagged(cursor, 8));
    else if (tag === 0x29) draft.sum = tagged(cursor, readDouble);
    else if (tag === 0x32) readQuantile(cursor, draft, budget.limits.buckets);
    else readRareField(cursor, draft, { exemplars: 0, flags: 8 });
  }
  cursor.end = outer;
}

/** Label bytes of a draft: where they stand if they are one stretch, else joined in a buffer of their own. */
export function keyOfDraft(cursor: ProtobufCursor, draft: PointDraft, key: ByteKey & WritableKey): void {
  const { stretches } = draft;
  key.bytes = cursor.bytes;
  key.view = cursor.view;
  key.start = stretches[0] ?? 0;
  key.end = stretches[1] ?? 0;
  if (stretches.length <= 2) return;
  const parts: number[] = [];
  for (let i = 0; i < stretches.length; i += 2) parts.push(...cursor.bytes.subarray(stretches[i], stretches[i + 1]));
  key.bytes = Uint8Array.from(parts);
  key.view = new DataView(key.bytes.buffer);
  key.start = 0;
  key.end = key.bytes.length;
}

/** A key whose buffer may be exchanged. */
export interface WritableKey {
  bytes: Uint8Array;
  view: DataView;
}

/** Reads the attributes that a draft remembers the places of. */
export function attributesOfDraft(context: ProtobufContext, draft: PointDraft): string[] {
  const { cursor } = context;
  const { at, end } = cursor;
  const attributes: string[] = [];
  for (let i = 0; i < draft.stretches.length; i += 2) {
    cursor.at = draft.stretches[i] ?? 0;
    cursor.end = draft.stretches[i + 1] ?? 0;
    while (cursor.at < cursor.end) {
      cursor.at += 1;
      readAttribute(context, attributes, `${POINT}.attributes`);
    }
  }
  cursor.at = at;
  cursor.end = end;
  return attributes;
}

/** Unix ms of an unsigned 64-bit number of nanoseconds at a place; exact, which a double of nanoseconds is not. */
export function millisecondsAt({ view }: ProtobufCursor, at: number): number {
  const low = view.getUint32(at, true);
  const high = view.getUint32(at + 4, true);
  // 2^32 ns are 4294 ms and 967296 ns.
  return high * 4294 + Math.floor((high * 967_296 + low) / 1e6);
}

const POINT = 'metrics.data_points';
const scratch = new DataView(new ArrayBuffer(8));

/** Sets the bits of a number that came as an integer. */
export function setBits(draft: Pick<PointDraft, 'low' | 'high'>, value: number): void {
  scratch.setFloat64(0, value, true);
  draft.low = scratch.getUint32(0, true);
  draft.high = scratch.getUint32(4, true);
}

/** Narrows the cursor to the message that follows; returns the end to restore. */
function openMessage(cursor: ProtobufCursor, field: string): number {
  const outer = cursor.end;
  const length = readVarint(cursor, field);
  if (length > outer - cursor.at) throw malformed(cursor, field, `the message ends early (its last byte is ${outer})`);
  cursor.end = cursor.at + length;
  return outer;
}

/** Steps over an attribute field; one that follows the one before makes its stretch longer. */
function takeAttribute(cursor: ProtobufCursor, draft: PointDraft): void {
  const start = cursor.at;
  cursor.at += 1;
  skipBytes(cursor, readVarint(cursor, POINT), POINT);
  const { stretches } = draft;
  if (stretches.length > 0 && stretches[stretches.length - 1] === start) stretches[stretches.length - 1] = cursor.at;
  else stretches.push(start, cursor.at);
}

function skipTagged(cursor: ProtobufCursor, count: number): number {
  cursor.at += 1;
  return skipBytes(cursor, count, POINT);
}

function tagged<Result>(cursor: ProtobufCursor, read: (cursor: ProtobufCursor, field: string) => Result): Result {
  cursor.at += 1;
  return read(cursor, POINT);
}

interface RareFields {
  readonly exemplars: number;
  readonly flags: number;
}

function readRareField(cursor: ProtobufCursor, draft: PointDraft, { exemplars, flags }: RareFields): void {
  const tag = readVarint(cursor, POINT);
  const number = Math.floor(tag / 8);
  const wire = tag % 8;
  if (number === 0 || number > 0x1fff_ffff) throw malformed(cursor, POINT, `the field number ${number} is not valid`);
  if (number === flags && wire === 0) draft.flags = Number(BigInt.asUintN(32, readInt64(cursor, `${POINT}.flags`)));
  else if (number === exemplars && wire === 2) {
    const length = readVarint(cursor, `${POINT}.exemplars`);
    const start = skipBytes(cursor, length, `${POINT}.exemplars`);
    draft.exemplars.push(start, start + length);
  } else skipField(cursor, wire, `${POINT} field ${number}`);
}

/** A signed 64-bit integer as a double; beyond 2^53 the nearest one. */
function integerAt({ view }: ProtobufCursor, at: number): number {
  return view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

function unsignedAt({ view }: ProtobufCursor, at: number): number {
  return view.getUint32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
}

function doubleAt({ view }: ProtobufCursor, at: number): number {
  return view.getFloat64(at, true);
}

type ReadAt = (cursor: ProtobufCursor, at: number) => number;

function readPackedFixed(cursor: ProtobufCursor, into: number[], limit: number, read: ReadAt): void {
  const length = readVarint(cursor, POINT);
  const start = skipBytes(cursor, length, POINT);
  if (length % 8 !== 0) throw malformed(cursor, POINT, `${length} bytes are not a list of 8-byte numbers`);
  if (into.length + length / 8 > limit) throw malformed(cursor, POINT, `there are more than ${limit} buckets`);
  for (let at = start; at < start + length; at += 8) into.push(read(cursor, at));
}

function push(cursor: ProtobufCursor, into: number[], { limit, read }: { limit: number; read: ReadAt }): void {
  if (into.length >= limit) throw malformed(cursor, POINT, `there are more than ${limit} buckets`);
  into.push(read(cursor, skipTagged(cursor, 8)));
}

function readBuckets(cursor: ProtobufCursor, into: number[], limit: number): number {
  cursor.at += 1;
  const outer = openMessage(cursor, POINT);
  let offset = 0;
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, POINT);
    if (tag === 0x08) offset = readSint32(cursor, `${POINT}.offset`);
    else if (tag === 0x10) takeCount(cursor, into, limit);
    else if (tag === 0x12) {
      const inner = openMessage(cursor, POINT);
      while (cursor.at < cursor.end) takeCount(cursor, into, limit);
      cursor.end = inner;
    } else skipField(cursor, tag % 8, `${POINT}.buckets`);
  }
  cursor.end = outer;
  return offset;
}

function takeCount(cursor: ProtobufCursor, into: number[], limit: number): void {
  if (into.length >= limit) throw malformed(cursor, POINT, `there are more than ${limit} buckets`);
  into.push(readVarint(cursor, `${POINT}.bucket_counts`));
}

function readQuantile(cursor: ProtobufCursor, draft: PointDraft, limit: number): void {
  cursor.at += 1;
  const outer = openMessage(cursor, POINT);
  let quantile = 0;
  let value = 0;
  while (cursor.at < cursor.end) {
    const tag = readVarint(cursor, POINT);
    if (tag === 0x09) quantile = readDouble(cursor, POINT);
    else if (tag === 0x11) value = readDouble(cursor, POINT);
    else skipField(cursor, tag % 8, `${POINT}.quantile_values`);
  }
  cursor.end = outer;
  if (draft.quantiles.length >= limit) throw malformed(cursor, POINT, `there are more than ${limit} quantiles`);
  draft.quantiles.push(quantile);
  draft.values.push(value);
}

/** Unix ms of a fixed64 of nanoseconds that follows. */
export function readMilliseconds(cursor: ProtobufCursor, field: string): number {
  return Number(readFixed64(cursor, field) / 1_000_000n);
}
