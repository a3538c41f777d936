import { encodeMetadata } from "../../wire/metadata.js";

type Values = Readonly<Record<string, readonly string[]>>;

/** The response metadata of a handler: headers, sent before the first item or the status, and trailers. */
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

  /** Adds a header. @throws Error after they were sent; RpcError if it is malformed or over the limit */
  header(name: string, value: string): void {
    if (this.#sent) throw new Error(`header ${name}: too late: headers are sent before the first item`);
    const headers = add(this.#headers, name, value);
    this.#encodedHeaders = encodeMetadata(headers, this.#limit);
    this.#headers = headers;
  }

  /** Adds a trailer. @throws RpcError if it is malformed or over the limit */
  trailer(name: string, value: string): void {
    const trailers = add(this.#trailers, name, value);
    this.#encodedTrailers = encodeMetadata(trailers, this.#limit);
    this.#trailers = trailers;
  }

  /** Returns the encoded headers once; undefined if there are none, and at further calls. */
  takeHeaders(): string | undefined {
    if (this.#sent) return undefined;
    this.#sent = true;
    return this.#encodedHeaders;
  }

  /** The encoded trailers; undefined if there are none. */
  get trailers(): string | undefined {
    return this.#encodedTrailers;
  }
}

/** A copy: a refused entry must not count against the limit of later ones. */
function add(values: Values, name: string, value: string): Values {
  const lower = name.toLowerCase();
  return { ...values, [lower]: [...(Object.hasOwn(values, lower) ? (values[lower] ?? []) : []), value] };
}
