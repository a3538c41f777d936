/**
 * Reads the data types of RFC 4251, section 5, from untrusted bytes. It returns views of these bytes, not copies.
 */
export class BinaryReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** The number of bytes read. */
  get position(): number {
    return this.#at;
  }

  /** Whether all bytes are read. */
  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** @throws RangeError where fewer bytes are left, as the methods below */
  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("truncated");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }

  byte(): number {
    return this.bytes(1).readUInt8();
  }

  uint32(): number {
    return this.bytes(4).readUInt32BE();
  }

  uint64(): bigint {
    return this.bytes(8).readBigUInt64BE();
  }

  /** A length, and that many bytes. */
  string(): Buffer {
    return this.bytes(this.uint32());
  }

  /** A UTF-8 string. Invalid bytes become U+FFFD. */
  text(): string {
    return this.string().toString("utf8");
  }

  /** All strings up to the end. */
  strings(): Buffer[] {
    const strings: Buffer[] = [];
    while (!this.done) strings.push(this.string());
    return strings;
  }
}
