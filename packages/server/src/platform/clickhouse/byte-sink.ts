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
  let view = viewOf(buffer);
  let at = 0;
  const reserve = (count: number): void => {
    if (at + count <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, at + count));
    buffer.copy(larger, 0, 0, at);
    buffer = larger;
    view = viewOf(larger);
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
      buffer[at] = value & 0xff;
      buffer[at + 1] = (value >> 8) & 0xff;
      at += 2;
    },
    u32(value) {
      reserve(4);
      view.setUint32(at, value, true);
      at += 4;
    },
    u64(value) {
      reserve(8);
      const high = Math.floor(value / 2 ** 32);
      view.setUint32(at, value - high * 2 ** 32, true);
      view.setUint32(at + 4, high, true);
      at += 8;
    },
    big64(value) {
      reserve(8);
      view.setBigUint64(at, value, true);
      at += 8;
    },
    varint,
    text(value) {
      // Three bytes a UTF-16 unit at most; the length prefix is known only after writing.
      const most = 3 * value.length;
      reserve(most + 10);
      if (most < 128 && writeAscii(buffer, at + 1, value)) {
        buffer[at] = value.length;
        at += value.length + 1;
        return;
      }
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

function viewOf(buffer: Buffer): DataView {
  return new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
}

/** Short texts are written faster one by one than by a call into the runtime; false when one is not ASCII. */
function writeAscii(buffer: Buffer, at: number, value: string): boolean {
  for (let i = 0; i < value.length; i += 1) {
    const code = value.charCodeAt(i);
    if (code > 0x7f) return false;
    buffer[at + i] = code;
  }
  return true;
}
