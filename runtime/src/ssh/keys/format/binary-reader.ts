/**
 * Reads the data types of RFC 4251, section 5, from bytes that somebody else may have made. What it gives are views of
 * those bytes, not copies.
 */
export class BinaryReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** How many bytes were read. */
  get position(): number {
    return this.#at;
  }

  /** Whether nothing is left. */
  get done(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** @throws RangeError where fewer are left; so do all that follow */
  bytes(length: number): Buffer {
    const end = this.#at + length;
    if (end > this.#bytes.length) throw new RangeError("it is cut off");
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

  /** A length, and as many bytes. */
  string(): Buffer {
    return this.bytes(this.uint32());
  }

  /** A string of UTF-8. What is no UTF-8 becomes U+FFFD. */
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
