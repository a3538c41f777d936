import { encodeMetadata } from "../../wire/metadata.js";

type Values = Readonly<Record<string, readonly string[]>>;

/** The metadata that a handler answers with: headers, which go before the first item or the status, and trailers. */
export class ResponseMetadata {
  readonly #limit: number;
  #headers: Values = {};
  #trailers: Values = {};
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
    const headers = add(this.#headers, name, value);
    this.#encodedHeaders = encodeMetadata(headers, this.#limit);
    this.#headers = headers;
  }

  /** Adds a trailer. @throws RpcError where it is malformed, or too much */
  trailer(name: string, value: string): void {
    const trailers = add(this.#trailers, name, value);
    this.#encodedTrailers = encodeMetadata(trailers, this.#limit);
    this.#trailers = trailers;
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

/** What is refused must not stay: it would make all that follows too much. */
function add(values: Values, name: string, value: string): Values {
  const lower = name.toLowerCase();
  return { ...values, [lower]: [...(Object.hasOwn(values, lower) ? (values[lower] ?? []) : []), value] };
}
