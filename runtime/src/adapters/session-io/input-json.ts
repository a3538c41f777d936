import { decodeInput, inputLines, tooLarge } from "./input-lines.js";
import { readJson } from "./json-text.js";

const REQUEST = "the request on standard input";

/** What bounds a request, and an item. */
const OPTION = "limits.message";

/**
 * Reads all of `input` as one JSON value.
 * @param limit bytes of it
 * @param missing in place of an input that is empty; left out, that is a mistake, too
 * @throws RpcError BAD_REQUEST with the place of a mistake, MESSAGE_TOO_LARGE
 */
export async function readInputJson(input: AsyncIterable<Buffer>, limit: number, missing?: object): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > limit) throw tooLarge(REQUEST, limit, OPTION);
    chunks.push(chunk);
  }
  const text = decodeInput(Buffer.concat(chunks), REQUEST);
  return missing !== undefined && text.trim() === "" ? missing : readJson(text, REQUEST);
}

/**
 * Reads `input` as NDJSON: a value a line, empty lines aside.
 * @param limit bytes of a line
 * @param source what `input` is, for messages. Default: standard input
 * @throws RpcError BAD_REQUEST with line and place of a mistake, MESSAGE_TOO_LARGE
 */
export async function* readInputItems(
  input: AsyncIterable<Buffer>,
  limit: number,
  source?: string,
): AsyncGenerator<unknown, void> {
  for await (const { name, text } of inputLines(input, { bytes: limit, option: OPTION }, source)) {
    if (text.trim() !== "") yield readJson(text, name);
  }
}
