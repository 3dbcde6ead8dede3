interface Utf8Decoder {
  decode(bytes: Uint8Array): string;
}
interface Utf8Encoder {
  encode(text: string): Uint8Array;
}

// Every runtime has these two, but the library types that a pure package is compiled with do not.
const runtime = globalThis as unknown as {
  readonly TextDecoder: new (label: string, options: { readonly ignoreBOM: boolean }) => Utf8Decoder;
  readonly TextEncoder: new () => Utf8Encoder;
};

/** A decoder of UTF-8; invalid sequences become U+FFFD and a byte order mark is kept. */
export function createUtf8Decoder(): Utf8Decoder {
  return new runtime.TextDecoder('utf-8', { ignoreBOM: true });
}

/** The UTF-8 bytes of a text. */
export function encodeUtf8(text: string): Uint8Array {
  return new runtime.TextEncoder().encode(text);
}
