import type { Turn } from "../../base/accounts/turns.js";
import type { EncodedJson } from "../../codec/encoded-json.js";
import { decodeInput, inputLines, inputTooLarge } from "./input-lines.js";
import { readJson } from "./json-text.js";

const REQUEST = "the request on standard input";

/** The limit of a request, and of an item. */
const OPTION = "limits.message";

/**
 * Reads all of `input` as one JSON value; undefined where the input is empty and the value optional.
 * @param limit bytes of the input
 * @throws RpcError BAD_REQUEST with the position of a fault, MESSAGE_TOO_LARGE
 */
export async function readInputJson(
  input: AsyncIterable<Buffer>,
  limit: number,
  presence: "required" | "optional" = "required",
): Promise<EncodedJson | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > limit) throw inputTooLarge(REQUEST, limit, OPTION);
    chunks.push(chunk);
  }
  const text = decodeInput(Buffer.concat(chunks), REQUEST);
  return presence === "optional" && text.trim() === "" ? undefined : readJson(text, REQUEST);
}

/**
 * Reads `input` as NDJSON: one value per line; empty lines are skipped.
 * @param limit bytes of a line
 * @param options `source` names the input in messages, by default standard input; `turn` are the turns in which lines are read
 * @throws RpcError BAD_REQUEST with the line and the position of a fault, MESSAGE_TOO_LARGE
 */
export async function* readInputItems(
  input: AsyncIterable<Buffer>,
  limit: number,
  { source, turn }: { readonly source?: string | undefined; readonly turn?: Turn | undefined } = {},
): AsyncGenerator<EncodedJson, void> {
  for await (const { name, text } of inputLines(input, { bytes: limit, option: OPTION, turn }, source)) {
    if (text.trim() !== "") yield readJson(text, name);
  }
}
