/** Bytes appended one after the other into a buffer that grows. */
export interface ByteSink {
  readonly length: number;
  u8(value: number): void;
  u16(value: number): void;
  u32(value: number): void;
  /** A whole number of up to 53 bits, signed or not. */
  u64(value: number): void;
  big64(value: bigint): void;
  /** IEEE 754 double. */
  f64(value: number): void;
  varint(value: number): void;
  /** Length as varint, then the UTF-8 bytes. */
  text(value: string): void;
  bytes(value: Uint8Array): void;
  /** What was written; valid until the next write. */
  written(): Buffer;
}

const FIRST_SIZE = 1024;

interface SinkState {
  buffer: Buffer;
  view: DataView;
  at: number;
}

/** Starts an empty sink. */
export function createByteSink(): ByteSink {
  const buffer = Buffer.allocUnsafe(FIRST_SIZE);
  const sink: SinkState = { buffer, view: viewOf(buffer), at: 0 };
  return {
    ...integerWriters(sink),
    get length() {
      return sink.at;
    },
    varint: (value) => writeVarint(sink, value),
    text: (value) => writeText(sink, value),
    bytes(value) {
      reserve(sink, value.length);
      sink.buffer.set(value, sink.at);
      sink.at += value.length;
    },
    written: () => sink.buffer.subarray(0, sink.at),
  };
}

function integerWriters(sink: SinkState): Pick<ByteSink, 'u8' | 'u16' | 'u32' | 'u64' | 'big64' | 'f64'> {
  return {
    u8(value) {
      reserve(sink, 1);
      sink.buffer[sink.at] = value & 0xff;
      sink.at += 1;
    },
    u16(value) {
      reserve(sink, 2);
      sink.view.setUint16(sink.at, value, true);
      sink.at += 2;
    },
    u32(value) {
      reserve(sink, 4);
      sink.view.setUint32(sink.at, value, true);
      sink.at += 4;
    },
    u64(value) {
      reserve(sink, 8);
      const high = Math.floor(value / 2 ** 32);
      sink.view.setUint32(sink.at, value - high * 2 ** 32, true);
      sink.view.setUint32(sink.at + 4, high, true);
      sink.at += 8;
    },
    f64(value) {
      reserve(sink, 8);
      sink.view.setFloat64(sink.at, value, true);
      sink.at += 8;
    },
    big64(value) {
      reserve(sink, 8);
      sink.view.setBigUint64(sink.at, value, true);
      sink.at += 8;
    },
  };
}

function reserve(sink: SinkState, count: number): void {
  if (sink.at + count <= sink.buffer.length) return;
  const larger = Buffer.allocUnsafe(Math.max(2 * sink.buffer.length, sink.at + count));
  sink.buffer.copy(larger, 0, 0, sink.at);
  sink.buffer = larger;
  sink.view = viewOf(larger);
}

function writeVarint(sink: SinkState, value: number): void {
  reserve(sink, 10);
  let rest = value;
  while (rest >= 128) {
    sink.buffer[sink.at] = (rest % 128) + 128;
    sink.at += 1;
    rest = Math.floor(rest / 128);
  }
  sink.buffer[sink.at] = rest;
  sink.at += 1;
}

function writeText(sink: SinkState, value: string): void {
  // Three bytes a UTF-16 unit at most; the length is known only after writing, but where it fits one byte is clear.
  const most = 3 * value.length;
  reserve(sink, most + 10);
  if (most < 128) {
    const isAscii = writeAscii(sink.buffer, sink.at + 1, value);
    const written = isAscii ? value.length : sink.buffer.write(value, sink.at + 1);
    sink.buffer[sink.at] = written;
    sink.at += written + 1;
    return;
  }
  writeVarint(sink, Buffer.byteLength(value));
  sink.at += sink.buffer.write(value, sink.at);
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
