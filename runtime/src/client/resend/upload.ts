import { UPLOAD_OFFSET } from "../../contract/idempotency.js";
import { ProtocolError } from "../../wire/frame.js";
import type { ItemKind } from "../../wire/hello.js";
import type { ItemSource } from "../../wire/iterator-of.js";
import type { Metadata } from "../../wire/metadata.js";

const OFFSET = /^\d{1,15}$/;

/** The request stream of one call, from a source that can be read from any offset. */
export class Upload {
  readonly #source: (offset: number) => ItemSource<unknown>;
  #asks = false;
  #send: ((items: ItemSource<unknown>) => void) | undefined;
  /** What the server had when it asked last. */
  #offset = 0;

  constructor(source: (offset: number) => ItemSource<unknown>) {
    this.#source = source;
  }

  /** Bytes or items that the server has for certain. */
  get offset(): number {
    return this.#offset;
  }

  /** An attempt begins: the first one, or one that waits until the server tells the offset. */
  begin(attempt: "first" | "again"): void {
    this.#asks = attempt === "again";
    this.#send = undefined;
  }

  /** The attempt is open: calls `send` with the items, now or when the offset arrives. */
  opened(send: (items: ItemSource<unknown>) => void): void {
    if (this.#asks) this.#send = send;
    else send(this.#source(0));
  }

  /** Headers arrived. Returns whether they are those with the offset. @throws ProtocolError if it is malformed */
  headers(headers: Metadata): boolean {
    const send = this.#send;
    const value = headers.get(UPLOAD_OFFSET)?.[0];
    if (send === undefined || value === undefined) return false;
    if (!OFFSET.test(value)) throw new ProtocolError(`HEADERS with a malformed ${UPLOAD_OFFSET}`);
    this.#send = undefined;
    this.#offset = Number(value);
    send(this.#source(this.#offset));
    return true;
  }
}

/** How a source of items of this kind is read from an offset; undefined for one that is read once. */
export function readFrom(source: unknown, kind: ItemKind): ((offset: number) => ItemSource<unknown>) | undefined {
  if (typeof source === "function") return source as (offset: number) => ItemSource<unknown>;
  if (kind === "bytes" && source instanceof Blob)
    return (offset) => source.slice(offset).stream() as unknown as AsyncIterable<Uint8Array>;
  return undefined;
}
