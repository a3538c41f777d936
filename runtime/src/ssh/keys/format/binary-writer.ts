/** A uint32 of RFC 4251, section 5. */
export function uint32(value: number): Buffer {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
}

/** A string of RFC 4251, section 5: its length, then its bytes. */
export function string(value: string | Uint8Array): Buffer {
  const bytes = Buffer.from(value as string);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

/** An mpint of RFC 4251, section 5, of a non-negative number in big-endian bytes. */
export function mpint(number: Buffer): Buffer {
  const start = number.findIndex((byte) => byte !== 0);
  const digits = start === -1 ? Buffer.alloc(0) : number.subarray(start);
  // A leading zero byte keeps a number whose first bit is set positive.
  return string(Buffer.concat([Buffer.alloc((digits[0] ?? 0) & 0x80 ? 1 : 0), digits]));
}
