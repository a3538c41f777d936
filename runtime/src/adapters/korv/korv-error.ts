/** A violation of the protocol or its limits, after which the channel cannot be read any further. */
export class KorvError extends Error {
  override readonly name = "KorvError";
  /** The first characters of a message that is too large; empty for other errors. */
  readonly head: string;

  constructor(message: string, head = "") {
    super(message);
    this.head = head;
  }
}
