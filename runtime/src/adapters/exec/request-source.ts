import type { EncodedJson } from "../../codec/encoded-json.js";
import { RpcError } from "../../contract/rpc-error.js";
import { readJson } from "../session-io/json-text.js";

/** Where the request of a call comes from: the command line as JSON, or as fields; or, where required, standard input. */
export type RequestSource =
  | { readonly from: "json"; readonly json: EncodedJson }
  | { readonly from: "fields"; readonly fields: ReadonlyMap<string, string> }
  | { readonly from: "input" | "default" };

const FIELD = /^([^\s={[]+)=(.*)$/s;

/**
 * Parses the words of a command line after the path: JSON, `field=value` words, or `-` for standard input.
 * @throws RpcError BAD_REQUEST that names the fault and the fix
 */
export function parseRequest(words: readonly string[]): RequestSource {
  const [first, second] = words;
  if (first === undefined) return { from: "default" };
  if (FIELD.test(first)) return { from: "fields", fields: parseFields(words) };
  if (second !== undefined) {
    throw invalid(
      `unexpected argument ${quoteWord(second)} after the request, which is JSON, FIELD=VALUE ..., or - for standard input`,
    );
  }
  if (first === "-") return { from: "input" };
  return { from: "json", json: readJson(first, "the request") };
}

/** Quotes a word of a command line for a message. */
export function quoteWord(word: string): string {
  return JSON.stringify(word.length > 100 ? `${word.slice(0, 100)}…` : word);
}

function parseFields(words: readonly string[]): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  for (const word of words) {
    const [, name, value] = FIELD.exec(word) ?? [];
    if (name === undefined || value === undefined) {
      throw invalid(
        `${quoteWord(word)}: expected FIELD=VALUE; quote a value with spaces, and over ssh twice, because ssh removes one ` +
          `layer of quotes: 'text="two words"'`,
      );
    }
    if (fields.has(name)) throw invalid(`repeated field ${quoteWord(name)}`);
    fields.set(name, value);
  }
  return fields;
}

function invalid(message: string): RpcError {
  return new RpcError("BAD_REQUEST", message);
}
