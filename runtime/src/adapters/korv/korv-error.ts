/** What came breaks the protocol, or its bounds, so that nothing after it can be understood. */
export class KorvError extends Error {
  override readonly name = "KorvError";
  /** How the message began that was too large; empty where it was something else. */
  readonly head: string;

  constructor(message: string, head = "") {
    super(message);
    this.head = head;
  }
}
