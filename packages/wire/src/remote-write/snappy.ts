import { BelayError } from '@belay/core';

/** Literals up to this many bytes are copied one by one, which is faster than a call. */
const SHORT = 24;

/** Bytes that a block of snappy's raw format says it holds; throws `request.malformed` when that cannot be read. */
export function snappyLength(block: Uint8Array): number {
  return readLength(block).length;
}

/**
 * Decompresses a block of snappy's raw format. Every length is checked before it is used, so that neither time nor
 * memory depends on more than the sizes of input and output. Format: github.com/google/snappy, format_description.txt.
 * @throws BelayError `request.too-large` when more than `limit` bytes are announced (before anything is allocated), and
 * `request.malformed` when the block is not what it claims to be.
 */
export function decompressSnappy(block: Uint8Array, limit: number): Uint8Array {
  const { length, at: start } = readLength(block);
  if (length > limit) throw tooLarge(length, limit);
  // A plain array: subclasses such as Buffer make access slower.
  const input = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
  const output = new Uint8Array(length);
  const end = input.length;
  let at = start;
  let to = 0;
  while (at < end) {
    const tag = input[at] ?? 0;
    at += 1;
    let count: number;
    if ((tag & 3) === 0) {
      count = (tag >>> 2) + 1;
      if (count > 60) {
        const bytes = count - 60;
        if (at + bytes > end) throw damaged(at);
        count = littleEndian(input, at, bytes) + 1;
        at += bytes;
      }
      if (count > end - at || count > length - to) throw damaged(at);
      if (count <= SHORT) for (let i = 0; i < count; i += 1) output[to + i] = input[at + i] ?? 0;
      else output.set(input.subarray(at, at + count), to);
      at += count;
    } else {
      let offset: number;
      if ((tag & 3) === 1) {
        count = ((tag >>> 2) & 7) + 4;
        offset = ((tag & 0xe0) << 3) | (input[at] ?? 0);
        at += 1;
      } else {
        count = (tag >>> 2) + 1;
        const bytes = (tag & 3) === 2 ? 2 : 4;
        offset = littleEndian(input, at, bytes);
        at += bytes;
      }
      if (at > end || offset === 0 || offset > to || count > length - to) throw damaged(at);
      // Byte by byte: source and target may overlap, which repeats what lies between.
      for (let from = to - offset, stop = to + count; to < stop; from += 1, to += 1) output[to] = output[from] ?? 0;
      continue;
    }
    to += count;
  }
  if (to !== length) throw damaged(at);
  return output;
}

function readLength(block: Uint8Array): { readonly length: number; readonly at: number } {
  let length = 0;
  for (let at = 0; at < 5 && at < block.length; at += 1) {
    const byte = block[at] ?? 0;
    length += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80 && length < 2 ** 32) return { length, at: at + 1 };
  }
  throw damaged(0);
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i -= 1) value = value * 256 + (bytes[at + i] ?? 0);
  return value;
}

function damaged(at: number): BelayError {
  return new BelayError('request.malformed', `The body is not compressed with snappy, or is damaged at byte ${at}.`, {
    hint: 'Send remote write as Prometheus does: protobuf in one snappy block ("Content-Encoding: snappy").',
    details: { offset: at },
  });
}

function tooLarge(length: number, limit: number): BelayError {
  return new BelayError('request.too-large', `The decompressed body would be ${length} bytes; ${limit} are allowed.`, {
    hint: 'Send smaller batches, e.g. queue_config.max_samples_per_send: 2000.',
    details: { limitBytes: limit },
  });
}
