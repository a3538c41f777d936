import { encodeMetadata } from "../wire/metadata.js";

/** The metadata that a handler answers with: headers, which go before the first item or the status, and trailers. */
export class ResponseMetadata {
  readonly #limit: number;
  readonly #headers: Record<string, string[]> = Object.create(null);
  readonly #trailers: Record<string, string[]> = Object.create(null);
  #encodedHeaders: string | undefined;
  #encodedTrailers: string | undefined;
  #sent = false;

  /** @param limit bytes of the headers, and of the trailers */
  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Adds a header. @throws Error where they have been sent; RpcError where it is malformed, or too much */
  header(name: string, value: string): void {
    if (this.#sent) throw new Error(`the header ${name} comes too late: headers go before the first item`);
    add(this.#headers, name, value);
    this.#encodedHeaders = encodeMetadata(this.#headers, this.#limit);
  }

  /** Adds a trailer. @throws RpcError where it is malformed, or too much */
  trailer(name: string, value: string): void {
    add(this.#trailers, name, value);
    this.#encodedTrailers = encodeMetadata(this.#trailers, this.#limit);
  }

  /** The encoded headers, the first time that somebody asks; undefined where there are none, or they were taken. */
  takeHeaders(): string | undefined {
    if (this.#sent) return undefined;
    this.#sent = true;
    return this.#encodedHeaders;
  }

  /** The encoded trailers; undefined where there are none. */
  get trailers(): string | undefined {
    return this.#encodedTrailers;
  }
}

function add(values: Record<string, string[]>, name: string, value: string): void {
  values[name] = [...(values[name] ?? []), value];
}
