import { parseJson } from "./json.js";

/** A JSON text and its value. The value is parsed when it is first read, and once. */
export class EncodedJson {
  readonly text: string;
  #parsed: { readonly value: unknown } | undefined;

  constructor(text: string) {
    this.text = text;
  }

  /** @throws RpcError BAD_REQUEST where the text is invalid JSON, or has a key that changes a prototype */
  get value(): unknown {
    this.#parsed ??= { value: parseJson(this.text) };
    return this.#parsed.value;
  }
}
