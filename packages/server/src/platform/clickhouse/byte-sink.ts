/** Bytes appended one after the other into a buffer that grows. */
export interface ByteSink {
  readonly length: number;
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  /** A whole number of up to 53 bits, signed or not. */
  u64(value: number): void;
  big64(value: bigint): void;
  varint(value: number): void;
  /** Length as varint, then the UTF-8 bytes. */
  text(value: string): void;
  bytes(value: Uint8Array): void;
  /** What was written; valid until the next write. */
  written(): Buffer;
}

const FIRST_SIZE = 1024;

/** Starts an empty sink. */
export function createByteSink(): ByteSink {
  let buffer = Buffer.allocUnsafe(FIRST_SIZE);
  let at = 0;
  const reserve = (count: number): void => {
    if (at + count <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, at + count));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
  };
  const varint = (value: number): void => {
    reserve(10);
    let rest = value;
    while (rest >= 128) {
      buffer[at] = (rest % 128) + 128;
      at += 1;
      rest = Math.floor(rest / 128);
    }
    buffer[at] = rest;
    at += 1;
  };
  return {
    get length() {
      return at;
    },
    u8(value) {
      reserve(1);
      buffer[at] = value & 0xff;
      at += 1;
    },
    u16(value) {
      reserve(2);
      at = buffer.writeUInt16LE(value & 0xffff, at);
    },
    u32(value) {
      reserve(4);
      at = buffer.writeUInt32LE(value >>> 0, at);
    },
    u64(value) {
      reserve(8);
      const high = Math.floor(value / 2 ** 32);
      at = buffer.writeUInt32LE(value - high * 2 ** 32, at);
      at = buffer.writeUInt32LE(high >>> 0, at);
    },
    big64(value) {
      reserve(8);
      at = buffer.writeBigUInt64LE(BigInt.asUintN(64, value), at);
    },
    varint,
    text(value) {
      // Three bytes a UTF-16 unit at most; the length prefix is known only after writing.
      const most = 3 * value.length;
      reserve(most + 10);
      if (most < 128) {
        const written = buffer.write(value, at + 1);
        buffer[at] = written;
        at += written + 1;
        return;
      }
      varint(Buffer.byteLength(value));
      at += buffer.write(value, at);
    },
    bytes(value) {
      reserve(value.length);
      buffer.set(value, at);
      at += value.length;
    },
    written: () => buffer.subarray(0, at),
  };
}
