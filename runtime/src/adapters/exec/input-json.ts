import { RpcError } from "../../contract/rpc-error.js";
import { readJson } from "./json-text.js";

/**
 * Reads all of `input` as one JSON value.
 * @param limit bytes of it
 * @throws RpcError BAD_REQUEST with the place of a mistake, MESSAGE_TOO_LARGE
 */
export async function readInputJson(input: AsyncIterable<Buffer>, limit: number): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of input) {
    size += chunk.length;
    if (size > limit) throw tooLarge("the request on standard input", limit);
    chunks.push(chunk);
  }
  const what = "the request on standard input";
  return readJson(decode(Buffer.concat(chunks), what), what);
}

/**
 * Reads `input` as NDJSON: a value a line, empty lines aside.
 * @param limit bytes of a line
 * @throws RpcError BAD_REQUEST with line and place of a mistake, MESSAGE_TOO_LARGE
 */
export async function* readInputLines(input: AsyncIterable<Buffer>, limit: number): AsyncGenerator<unknown, void> {
  let number = 0;
  let parts: Buffer[] = [];
  let size = 0;
  const read = function* (last: Buffer): Generator<unknown, void> {
    number++;
    const what = `line ${number} of standard input`;
    const text = decode(Buffer.concat([...parts, last]), what);
    parts = [];
    size = 0;
    if (text.trim() !== "") yield readJson(text, what);
  };
  for await (const chunk of input) {
    let start = 0;
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      if (size + end - start > limit) throw tooLarge(`line ${number + 1} of standard input`, limit);
      yield* read(chunk.subarray(start, end));
      start = end + 1;
    }
    if (start === chunk.length) continue;
    size += chunk.length - start;
    if (size > limit) throw tooLarge(`line ${number + 1} of standard input`, limit);
    parts.push(chunk.subarray(start));
  }
  yield* read(Buffer.alloc(0));
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

function decode(bytes: Buffer, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw new RpcError("BAD_REQUEST", `${what} is no UTF-8`);
  }
}

function tooLarge(what: string, limit: number): RpcError {
  return new RpcError("MESSAGE_TOO_LARGE", `${what} is longer than ${limit} bytes (limits.message)`);
}
