import type { EncodedValue } from "./codec.js";
import { parseJson } from "./json.js";

/** A JSON text and its value. The value is parsed when it is first read, and once. */
export class EncodedJson {
  readonly text: string;
  /** Where the text is from, for messages: `standard input, line 3`. */
  readonly source: string | undefined;
  #parsed: { readonly value: unknown } | undefined;

  constructor(text: string, source?: string) {
    this.text = text;
    this.source = source;
  }

  /** @throws RpcError BAD_REQUEST where the text is invalid JSON, or has a key that changes a prototype */
  get value(): unknown {
    this.#parsed ??= { value: parseJson(this.text) };
    return this.#parsed.value;
  }
}

/** An encoded value as text. */
export function textOf(encoded: EncodedValue): string {
  return typeof encoded === "string" ? encoded : Buffer.from(encoded).toString();
}
