/** A length-delimited field. */
export function field(number: number, content: Uint8Array): Buffer {
  return Buffer.concat([varint(number * 8 + 2), varint(content.length), content]);
}

export function text(number: number, value: string): Buffer {
  return field(number, Buffer.from(value));
}

/** A field of eight bytes. */
export function fixed(number: number, value: bigint | number): Buffer {
  const bytes = Buffer.alloc(9);
  bytes[0] = number * 8 + 1;
  if (typeof value === 'bigint') bytes.writeBigUInt64LE(value, 1);
  else bytes.writeDoubleLE(value, 1);
  return bytes;
}

export function integer(number: number, value: number): Buffer {
  return Buffer.concat([varint(number * 8), varint(value)]);
}

/** Packed eight-byte numbers. */
export function packed(number: number, values: readonly (bigint | number)[]): Buffer {
  return field(number, Buffer.concat(values.map((value) => fixed(0, value).subarray(1))));
}

export function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
}
